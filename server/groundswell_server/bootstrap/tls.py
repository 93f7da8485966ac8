"""TLS of servers and peers, and the check that no unprotected server is exposed to other machines."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import grpc

from groundswell_server.settings import Settings, SettingsError


def is_loopback(host: str) -> bool:
    """Returns True for an address that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings, *, has_keys: bool, insecure: bool) -> None:
    """Raises SettingsError when other machines could reach the server without TLS and keys."""
    if is_loopback(settings.host) or insecure:
        return
    lacking = []
    if settings.tls_certificate is None or settings.tls_private_key is None:
        lacking.append("TLS (GROUNDSWELL_TLS_CERTIFICATE and GROUNDSWELL_TLS_PRIVATE_KEY)")
    if not has_keys:
        lacking.append("an API key (`groundswell keys create NAME --role admin`)")
    if lacking:
        raise SettingsError(
            f"{settings.host} can be reached from other machines, which requires {' and '.join(lacking)}; "
            "`--insecure` starts without"
        )


def server_credentials(settings: Settings) -> grpc.ServerCredentials | None:
    """Returns TLS credentials, mutual where a client CA is set; None when TLS is not set.

    The files are read again when they change. Raises SettingsError for files that cannot be read.
    """
    certificate, key, authority = settings.tls_certificate, settings.tls_private_key, settings.tls_client_ca
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("GROUNDSWELL_TLS_CERTIFICATE and GROUNDSWELL_TLS_PRIVATE_KEY must be set together")
    files = _Files(certificate, key, authority)
    configuration = files.read()
    return grpc.dynamic_ssl_server_credentials(
        configuration,
        files.changed,  # type: ignore[arg-type]  # None, for no change, is missing from the stubs
        require_client_authentication=bool(authority),
    )


def peer_credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """Returns TLS credentials for calls to peers, with this server's own certificate where peers require one.

    None when no CA is set. Raises SettingsError for a peer on another machine then, because the rights of callers would
    travel unencrypted.
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
    """The PEM files, with their time stamps when they were last read."""

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
        """Returns the new configuration at a handshake, or None when no file has changed or can be read."""
        try:
            return None if self._stamps() == self._stamp else self.read()
        except (OSError, SettingsError):
            return None

    def _stamps(self) -> tuple[int, ...]:
        paths = [path for path in (self._certificate, self._key, self._authority) if path]
        return tuple(path.stat().st_mtime_ns for path in paths)
