"""`python -m groundswell_server.processes.child_main`: a server or worker process that a supervisor started."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time

from groundswell_server.bootstrap.gc_freeze import gc_freeze
from groundswell_server.observability import logs
from groundswell_server.processes.child_spec import ChildSpec, Report
from groundswell_server.processes.event_loop import run_on_fastest_loop
from groundswell_server.settings import SettingsError
from groundswell_storage.errors import FailedPrecondition, GroundswellError

_EXIT_SECONDS = 5.0
"""Time after the grace period at which a child without a parent exits in any case."""


def main() -> int:
    """Runs the child that the parent specified, until SIGTERM or the end of the parent. Returns the exit code."""
    parent = _take_over_stdin()
    line = parent.makefile("rb").readline()
    if not line.endswith(b"\n"):
        return 1
    spec = ChildSpec.decode(line)
    logs.configure(format=spec.settings.log_format, level=spec.settings.log_level)
    watch = threading.Thread(target=_end_with, args=(parent, spec.settings.grace_seconds), daemon=True)
    watch.start()
    try:
        return _serve(spec, parent) if spec.role == "server" else _work(spec)
    except (SettingsError, GroundswellError, OSError) as error:
        permanent = isinstance(error, SettingsError | FailedPrecondition)
        _report(parent, Report(failure=logs.scrub(str(error)), permanent=permanent))
        return 1
    except Exception as error:
        _report(parent, Report(failure=logs.scrub(f"an unforeseen error: {error!r}")))
        raise


def _serve(spec: ChildSpec, parent: socket.socket) -> int:
    with gc_freeze():
        from groundswell_server.app import run_server

    run_on_fastest_loop(
        run_server(
            spec.settings,
            spec.services,
            insecure=spec.insecure,
            shared_port=True,
            peer_socket=spec.peer_socket,
            ready=lambda port: _report(parent, Report(ready=True, port=port)),
        )
    )
    return 0


def _work(spec: ChildSpec) -> int:
    from groundswell_server.jobs.worker import run_worker

    return run_worker(spec.settings, peer_socket=spec.peer_socket)


def _take_over_stdin() -> socket.socket:
    """Returns the socket to the parent, moved off standard input so that no further process inherits it."""
    parent = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return parent


def _end_with(parent: socket.socket, grace_seconds: float) -> None:
    """Waits for the end of the parent, which closes the socket. Then ends this process, by force after a while."""
    try:
        while parent.recv(1):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds + _EXIT_SECONDS)
    os._exit(1)


def _report(parent: socket.socket, report: Report) -> None:
    try:
        parent.sendall(report.encode())
    except OSError:
        # The parent is gone; the thread that watches it ends this process.
        return


if __name__ == "__main__":
    sys.exit(main())
