"""The connection to a server: target, API key, TLS, and the channel made from them."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import grpc.aio

from groundswell._methods import Metadata
from groundswell._version import __version__
from groundswell.errors import InvalidArgument, invalid_field

DEFAULT_PORT = 50051
DEFAULT_TARGET = f"localhost:{DEFAULT_PORT}"

_OPTIONS: Mapping[str, int | str] = {
    "grpc.primary_user_agent": f"groundswell-python/{__version__}",
    "grpc.enable_retries": 1,
    # A service config in a TXT record of DNS must not replace the SDK's own.
    "grpc.service_config_disable_resolution": 1,
    # A page of 1,000 posts with long captions is larger than the default of 4 MiB.
    "grpc.max_receive_message_length": 64 * 1024 * 1024,
    # Detects that a silent watch stream is dead. By default servers allow one ping in 5 minutes.
    "grpc.keepalive_time_ms": 310_000,
    "grpc.keepalive_timeout_ms": 20_000,
    # A server restarts within seconds; the default backoff grows to 2 minutes.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 5_000,
}


_METADATA_NAME = re.compile(r"[a-z0-9_.-]+")
_METADATA_TEXT = re.compile(r"[ -~]*")


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates that identify the server and the client. They are paths of PEM files, or their content as bytes.

    >>> Tls(root_certificates=b"-----BEGIN CERTIFICATE-----...").certificate is None
    True
    """

    root_certificates: str | Path | bytes | None = None
    """Certificate authorities that the server's certificate is checked against; those of the system when None."""

    certificate: str | Path | bytes | None = None
    """The client's certificate chain, for mutual TLS. Needs `key`."""

    key: str | Path | bytes | None = field(default=None, repr=False)
    """The private key of `certificate`."""

    server_name: str | None = None
    """Expected name in the server's certificate, where it differs from the host of the target."""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidArgument("mutual TLS needs both `certificate` and `key`")

    @classmethod
    def from_environment(cls) -> Tls | None:
        """The files that GROUNDSWELL_CA, GROUNDSWELL_CERTIFICATE and GROUNDSWELL_PRIVATE_KEY name; None for none."""
        files = [os.environ.get(f"GROUNDSWELL_{name}") or None for name in ("CA", "CERTIFICATE", "PRIVATE_KEY")]
        return cls(*files) if any(files) else None

    def read(self) -> Tls:
        """Returns a copy with the content of the files. Raises InvalidArgument for a file that can't be read or used.

        grpc would only report that the connection failed.
        """
        for source in (self.root_certificates, self.certificate):
            content = _pem(source)
            if content is not None and b"-----BEGIN CERTIFICATE-----" not in content:
                named = "`tls`" if isinstance(source, bytes) else source
                raise InvalidArgument(f"{named} contains no certificate in PEM format")
        return Tls(_pem(self.root_certificates), _pem(self.certificate), _pem(self.key), self.server_name)

    def credentials(self) -> grpc.ChannelCredentials:
        """Returns the credentials for a channel."""
        return grpc.ssl_channel_credentials(_pem(self.root_certificates), _pem(self.key), _pem(self.certificate))


@dataclass(frozen=True, slots=True)
class Connection:
    """The data from which channels are opened."""

    target: str
    """Target of gRPC, such as "dns:///groundswell.example.com:50051"."""
    api_key: str = field(repr=False)
    """Sent with every call; empty for none."""
    tls: Tls | None
    """None for a plaintext connection."""

    @classmethod
    def of(cls, target: str | None, api_key: str | None, tls: Tls | bool | None, insecure: bool) -> Connection:
        """Returns a connection with defaults from the environment and safe settings.

        A server on this machine is reached without TLS unless `tls` or the environment names certificates, any other
        with TLS unless `insecure` is True. Raises InvalidArgument when the two contradict each other, or when a
        certificate can't be read.
        """
        if tls and insecure:
            raise InvalidArgument("`tls` and `insecure` contradict each other")
        target = target or os.environ.get("GROUNDSWELL_TARGET") or DEFAULT_TARGET
        key = (api_key if api_key is not None else os.environ.get("GROUNDSWELL_API_KEY", "")).strip()
        checked_metadata([("authorization", key)])
        if tls is None:
            tls = not insecure and (Tls.from_environment() or not is_local(target))
        elif tls is False and not (insecure or is_local(target)):
            raise InvalidArgument(f"{target} is not this machine: only `insecure=True` sends credentials in the clear")
        return cls(grpc_target(target), key, Tls() if tls is True else tls.read() if tls else None)

    def open(self, service_config: str) -> grpc.Channel:
        """Returns a channel for threads, which connects with the first call."""
        if self.tls is None:
            return grpc.insecure_channel(self.target, self._options(service_config))
        return grpc.secure_channel(self.target, self.tls.credentials(), self._options(service_config))

    def open_async(self, service_config: str) -> grpc.aio.Channel:
        """Returns a channel for asyncio. Call it in the event loop that will use the channel."""
        if self.tls is None:
            return grpc.aio.insecure_channel(self.target, self._options(service_config))
        return grpc.aio.secure_channel(self.target, self.tls.credentials(), self._options(service_config))

    def _options(self, service_config: str) -> list[tuple[str, int | str]]:
        options = [*_OPTIONS.items(), ("grpc.service_config", service_config)]
        if is_local(self.target):
            options.append(("grpc.enable_http_proxy", 0))
        if self.tls is not None and self.tls.server_name:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return options


def checked_metadata(metadata: Metadata) -> Metadata:
    """Returns `metadata`. Raises InvalidArgument, with the name, for an entry that HTTP/2 can't carry."""
    for name, value in metadata:
        if not _METADATA_NAME.fullmatch(name):
            raise invalid_field(f"metadata {name!r}", "is not a valid name: use a-z, 0-9, '-', '_' and '.'")
        fits = isinstance(value, bytes) if name.endswith("-bin") else isinstance(value, str)
        if not fits or (isinstance(value, str) and not _METADATA_TEXT.fullmatch(value)):
            raise invalid_field(
                f"metadata {name!r}", "takes printable ASCII, and bytes only under a name that ends with -bin"
            )
    return metadata


def grpc_target(target: str) -> str:
    """Returns `target` with a scheme and a port. Names are resolved by DNS, so that all addresses share the calls.

    >>> grpc_target("example.com"), grpc_target("unix:/run/groundswell.sock")
    ('dns:///example.com:50051', 'unix:/run/groundswell.sock')
    """
    if target.startswith(("dns:", "unix:", "unix-abstract:", "ipv4:", "ipv6:", "xds:", "vsock:", "passthrough:")):
        return target
    host, port = _split(target)
    return f"dns:///[{host}]:{port}" if ":" in host else f"dns:///{host}:{port}"


def is_local(target: str) -> bool:
    """True when `target` is on this machine: a Unix socket or a loopback address.

    >>> [is_local(each) for each in ("localhost:50051", "dns:///[::1]:50051", "unix:/tmp/s", "10.0.0.7:50051")]
    [True, True, True, False]
    """
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    addresses = target.rpartition("/")[2] if target.startswith("dns:") else target.removeprefix("ipv4:")
    return all(_is_loopback(_split(each.removeprefix("ipv6:"))[0]) for each in addresses.split(","))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _split(address: str) -> tuple[str, int]:
    """Returns the host, without brackets, and the port."""
    host, colon, port = address.rpartition(":")
    if address.startswith("["):
        host, _, port = address[1:].partition("]")
        port = port.removeprefix(":")
    elif not colon or ":" in host:  # no port: a name, or a bare IPv6 address
        host, port = address, ""
    return host, int(port) if port.isdecimal() else DEFAULT_PORT


def _pem(source: str | Path | bytes | None) -> bytes | None:
    if source is None or isinstance(source, bytes):
        return source
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise InvalidArgument(f"{source} can't be read: {error.strerror}") from error
