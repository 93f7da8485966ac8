"""TLS and mutual TLS with real certificates, renewed while the server runs; and what is refused without them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from groundswell_server.settings import SettingsError
from groundswell_storage.access import keys
from groundswell_storage.database import connect
from tests.client.certificates import Authority, Identity
from tests.running import RunningServer


@dataclass(frozen=True, slots=True)
class Files:
    """A server's certificate and key as files."""

    certificate: Path
    key: Path

    def write(self, identity: Identity) -> None:
        """Puts another certificate in place, key first, as a renewal does."""
        self.key.write_bytes(identity.key)
        self.certificate.write_bytes(identity.certificate)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def files(authority: Authority, tmp_path: Path) -> Files:
    files = Files(tmp_path / "server.pem", tmp_path / "server.key")
    files.write(authority.sign("127.0.0.1"))
    return files


@pytest.fixture
def protected(sqlite_url: str, files: Files) -> Iterator[RunningServer]:
    with RunningServer(sqlite_url, tls_certificate=files.certificate, tls_private_key=files.key) as server:
        yield server


def listed(server: RunningServer, authority: Authority, client: Identity | None = None) -> bool:
    """Whether a call over a new connection is answered, by a server whose certificate this authority signed."""
    credentials = grpc.ssl_channel_credentials(
        authority.certificate, client.key if client else None, client.certificate if client else None
    )
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(server.target, credentials, options) as channel:
        try:
            EngagementServiceStub(channel).ListPersonas(pb.ListPersonasRequest(), timeout=10)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
    return True


def test_calls_are_encrypted(protected: RunningServer, authority: Authority) -> None:
    assert listed(protected, authority)


def test_a_caller_without_encryption_gets_nowhere(protected: RunningServer) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        protected.engagement().ListPersonas(pb.ListPersonasRequest(), timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_caller_does_not_take_another_server_for_this_one(protected: RunningServer) -> None:
    assert not listed(protected, Authority())


def test_with_mutual_tls_the_client_shows_a_certificate_too(
    sqlite_url: str, files: Files, authority: Authority, tmp_path: Path
) -> None:
    trusted = tmp_path / "clients.pem"
    trusted.write_bytes(authority.certificate)
    with RunningServer(
        sqlite_url, tls_certificate=files.certificate, tls_private_key=files.key, tls_client_ca=trusted
    ) as server:
        assert listed(server, authority, authority.sign("client"))
        assert not listed(server, authority)
        assert not listed(server, authority, Authority().sign("client"))


def test_a_renewed_certificate_is_used_without_a_restart(
    protected: RunningServer, files: Files, authority: Authority
) -> None:
    renewed = Authority()
    assert listed(protected, authority)
    files.write(renewed.sign("127.0.0.1"))
    assert listed(protected, renewed)
    assert not listed(protected, authority)


def test_a_certificate_that_is_half_written_leaves_the_one_before_in_use(
    protected: RunningServer, files: Files, authority: Authority
) -> None:
    right = files.certificate.read_bytes()
    files.certificate.write_bytes(right[: len(right) // 2])
    assert listed(protected, authority)
    files.certificate.unlink()
    assert listed(protected, authority)
    renewed = Authority()
    files.write(renewed.sign("127.0.0.1"))
    assert listed(protected, renewed)


def test_a_certificate_without_its_key_stops_the_start(sqlite_url: str, files: Files) -> None:
    with (
        pytest.raises(SettingsError, match="must be set together"),
        RunningServer(sqlite_url, tls_certificate=files.certificate),
    ):
        pass


def test_a_certificate_that_is_not_there_stops_the_start(sqlite_url: str, files: Files, tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match=r"TLS: .*nowhere\.pem"),
        RunningServer(sqlite_url, tls_certificate=tmp_path / "nowhere.pem", tls_private_key=files.key),
    ):
        pass


def refused_start(url: str, home: Path, *arguments: str, **environment: str) -> str:
    """What `groundswell serve` says on the way out."""
    ended = subprocess.run(
        [sys.executable, "-m", "groundswell_server", "serve", "--port", "0", *arguments],
        env={**os.environ, "HOME": str(home), "GROUNDSWELL_DATABASE_URL": url, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return " ".join(ended.stderr.split())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_address_that_others_reach_needs_tls_and_keys(sqlite_url: str, tmp_path: Path, workers: str) -> None:
    said = refused_start(sqlite_url, tmp_path, "--host", "0.0.0.0", "--workers", workers)
    assert "0.0.0.0 can be reached from other machines" in said
    assert "GROUNDSWELL_TLS_CERTIFICATE" in said
    assert "groundswell keys create" in said


def test_keys_without_tls_do_not_do(sqlite_url: str, tmp_path: Path) -> None:
    database = connect(sqlite_url)
    with database.scope("default", "test") as scope:
        keys.create(scope, name="ci", role="admin")
    database.close()
    said = refused_start(sqlite_url, tmp_path, "--host", "0.0.0.0")
    assert "GROUNDSWELL_TLS_CERTIFICATE" in said
    assert "groundswell keys create" not in said


def test_tls_without_keys_does_not_do(sqlite_url: str, files: Files, tmp_path: Path) -> None:
    protection = {
        "GROUNDSWELL_TLS_CERTIFICATE": str(files.certificate),
        "GROUNDSWELL_TLS_PRIVATE_KEY": str(files.key),
    }
    said = refused_start(sqlite_url, tmp_path, "--host", "0.0.0.0", **protection)
    assert "which requires an API key" in said
