"""Secrets at rest."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from groundswell_storage import errors
from groundswell_storage.access.secrets import Sealer, deployment_secret
from groundswell_storage.database import Database

MASTER = bytes(range(32))


def test_a_sealed_value_opens_for_its_purpose_only():
    sealer = Sealer(MASTER)
    sealed = sealer.seal(b"token", "platform_token/acme/1")

    assert b"token" not in sealed
    assert Sealer(MASTER).open(sealed, "platform_token/acme/1") == b"token"
    for other, purpose, content in [
        (sealer, "platform_token/rival/1", sealed),
        (Sealer(bytes(32)), "platform_token/acme/1", sealed),
        (sealer, "platform_token/acme/1", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (sealer, "platform_token/acme/1", b""),
    ]:
        with pytest.raises(errors.DataLoss) as refused:
            other.open(content, purpose)
        assert refused.value.reason == "SECRET_DAMAGED"


def test_sealing_twice_looks_different():
    assert Sealer(MASTER).seal(b"token", "p") != Sealer(MASTER).seal(b"token", "p")


def test_a_short_master_key_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        Sealer(b"password")


def test_a_deployment_secret_is_made_once_and_kept(database: Database):
    secret = deployment_secret(database, "pseudonym_salt", Sealer(MASTER))

    assert len(secret) == 32
    assert deployment_secret(database, "pseudonym_salt", Sealer(MASTER)) == secret
    assert deployment_secret(database, "approval_key", Sealer(MASTER), size=64) != secret
    stored = database.execute("SELECT sealed FROM deployment_secret").fetchall()
    assert all(secret not in bytes(sealed) for (sealed,) in stored)


def test_servers_that_need_it_first_together_agree(database: Database):
    together = threading.Barrier(4, timeout=10)

    def server(_: int) -> bytes:
        together.wait()
        secret = deployment_secret(database, "pseudonym_salt", Sealer(MASTER))
        database.drop_connection()
        return secret

    with ThreadPoolExecutor(4) as servers:
        assert len(set(servers.map(server, range(4)))) == 1
