"""Where a server may listen and with what protection; certificates are read again when their files change."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import grpc

from groundswell_server.settings import Settings, SettingsError


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings, *, has_keys: bool, insecure: bool) -> None:
    """Raises SettingsError when the server would be reachable from elsewhere without TLS and keys."""
    if is_loopback(settings.host) or insecure:
        return
    lacking = []
    if settings.tls_certificate is None or settings.tls_private_key is None:
        lacking.append("TLS (GROUNDSWELL_TLS_CERTIFICATE and GROUNDSWELL_TLS_PRIVATE_KEY)")
    if not has_keys:
        lacking.append("an API key (`groundswell keys create NAME --role admin`)")
    if lacking:
        raise SettingsError(
            f"{settings.host} can be reached from other machines: that needs {' and '.join(lacking)}; "
            "`--insecure` goes without"
        )


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """TLS credentials, mutual where a client CA is set; None when TLS is not set.

    Raises SettingsError for files that can't be read.
    """
    certificate, key, authority = settings.tls_certificate, settings.tls_private_key, settings.tls_client_ca
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("GROUNDSWELL_TLS_CERTIFICATE and GROUNDSWELL_TLS_PRIVATE_KEY belong together")
    files = _Files(certificate, key, authority)
    configuration = files.read()
    return grpc.dynamic_ssl_server_credentials(
        configuration,
        files.changed,  # type: ignore[arg-type]  # None, for no change, is missing from the stubs
        require_client_authentication=bool(authority),
    )


def peer_credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """TLS credentials for calls to peers elsewhere, with this server's own certificate where clients need one.

    None when no CA is set. Raises SettingsError for a peer on another machine then: its callers' rights would travel in
    the clear.
    """
    if settings.peer_ca is None:
        for service, address in settings.peers.items():
            if not is_loopback(address.rpartition(":")[0]):
                raise SettingsError(f"GROUNDSWELL_PEERS: {service} at {address} needs TLS: set GROUNDSWELL_PEER_CA")
        return None
    own = settings.tls_private_key, settings.tls_certificate
    try:
        key, certificate = (path.read_bytes() if path else None for path in own)
        return grpc.ssl_channel_credentials(settings.peer_ca.read_bytes(), key, certificate)
    except OSError as error:
        raise SettingsError(f"TLS of peers: {error}") from error


class _Files:
    """The PEM files, and what they looked like when they were last read."""

    def __init__(self, certificate: Path, key: Path, authority: Path | None) -> None:
        self._certificate = certificate
        self._key = key
        self._authority = authority
        self._stamp: tuple[int, ...] = ()

    def read(self) -> grpc.ServerCertificateConfiguration:
        try:
            self._stamp = self._stamps()
            return grpc.ssl_server_certificate_configuration(
                [(self._key.read_bytes(), self._certificate.read_bytes())],
                root_certificates=self._authority.read_bytes() if self._authority else None,
            )
        except OSError as error:
            raise SettingsError(f"TLS: {error}") from error

    def changed(self) -> grpc.ServerCertificateConfiguration | None:
        """Asked at each handshake: the new configuration, or None while nothing changed or can be read."""
        try:
            return None if self._stamps() == self._stamp else self.read()
        except (OSError, SettingsError):
            return None

    def _stamps(self) -> tuple[int, ...]:
        paths = [path for path in (self._certificate, self._key, self._authority) if path]
        return tuple(path.stat().st_mtime_ns for path in paths)
