"""The port of a server: for one process alone, or shared by several."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from groundswell_server.settings import SettingsError

_HANDOVER_SECONDS = 3.0


def check_free(host: str, port: int) -> None:
    """Raises SettingsError when another process listens there. gRPC would log a line of its own beside the error."""
    with _bind_errors(host, port):
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        _bind_alone(family, kind, protocol, address)


@contextmanager
def shared_port(host: str, port: int) -> Iterator[int]:
    """Reserves a port that processes of this user can share (SO_REUSEPORT), and yields its number.

    Port 0 takes a free one. The reserving socket does not listen, so the kernel gives it no connections; it keeps the
    port reserved while a server process is replaced. Raises SettingsError when the port is not available.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise SettingsError("this system cannot share a port between processes: use --workers 1")
    with _bind_errors(host, port):
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        if port:
            # Sharing would succeed beside another server of this user that shares: bind the port alone first.
            _wait_until_free(family, kind, protocol, address)
        with socket.socket(family, kind, protocol) as held:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(address)
            yield held.getsockname()[1]


@contextmanager
def _bind_errors(host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cure = "if another server uses it, choose another --port"
        raise SettingsError(f"cannot listen on {host}:{port}: {error}; {cure}") from error


def _wait_until_free(family: int, kind: int, protocol: int, address: Any) -> None:
    """Waits a moment for processes whose parent was killed, which notice that and stop listening."""
    give_up = time.monotonic() + _HANDOVER_SECONDS
    while True:
        try:
            return _bind_alone(family, kind, protocol, address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > give_up:
                raise
        time.sleep(0.05)


def _bind_alone(family: int, kind: int, protocol: int, address: Any) -> None:
    with socket.socket(family, kind, protocol) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind(address)
