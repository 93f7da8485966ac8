"""Secrets at rest: sealed with a master key that is not in the database.

A deployment secret is created once, by the first server that needs it, and all servers share it afterwards. Examples
are the salt of pseudonyms and the key that signs the audit log.
"""

from __future__ import annotations

import hashlib
import os

from peewee import TextField

from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.fields import BytesField, InstantField, to_micros
from groundswell_storage.table import SystemTable

_VERSION = b"\x01"
_NONCE_BYTES = 12
_MINIMUM_KEY_BYTES = 16


class DeploymentSecretRow(SystemTable):
    """A secret of the whole deployment, sealed."""

    name = TextField(primary_key=True)
    sealed = BytesField()
    create_time = InstantField()


class Sealer:
    """Encrypts and authenticates with AES-256-GCM. A value sealed for one purpose cannot be opened for another."""

    __slots__ = ("_cipher",)

    def __init__(self, master_key: bytes) -> None:
        """Takes a `master_key` of at least 16 random bytes kept outside the database; raises ValueError for fewer."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if len(master_key) < _MINIMUM_KEY_BYTES:
            raise ValueError(f"the master key must have at least {_MINIMUM_KEY_BYTES} bytes, got {len(master_key)}")
        self._cipher = AESGCM(hashlib.blake2b(master_key, digest_size=32, person=b"groundswellseal1").digest())

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Returns the sealed form. `purpose` names the value and its owner, as in `platform_token/<workspace>/<id>`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Returns the original value; raises DataLoss (`SECRET_DAMAGED`) for another key or purpose, or any change."""
        from cryptography.exceptions import InvalidTag

        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _VERSION:
                raise ValueError("unknown version")
            return self._cipher.decrypt(nonce, rest, purpose.encode())
        except (InvalidTag, ValueError):
            raise errors.DataLoss(
                "a secret cannot be opened: it was sealed with another master key, or the row was changed",
                reason="SECRET_DAMAGED",
            ) from None


def deployment_secret(database: Database, name: str, sealer: Sealer, *, size: int = 32) -> bytes:
    """Returns the secret of this name, created with `size` bytes at its first use. Opens its own transaction."""
    if _sealed(database, name) is None:
        with database.transaction():
            return made_secret(database, name, sealer, size=size)
    return made_secret(database, name, sealer, size=size)


def made_secret(database: Database, name: str, sealer: Sealer, *, size: int = 32) -> bytes:
    """Returns the secret of this name in the caller's transaction."""
    found = _sealed(database, name)
    if found is None:
        fresh = sealer.seal(os.urandom(size), _purpose(name))
        # If another server inserted the row first, that row stays.
        database.execute(
            "INSERT INTO deployment_secret (name, sealed, create_time) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
            (name, fresh, to_micros(database.now())),
        )
        found = _sealed(database, name)
    if found is None:
        raise errors.DataLoss(f"the secret {name!r} vanished while it was made", reason="SECRET_DAMAGED")
    return sealer.open(found, _purpose(name))


def secret_names(database: Database, prefix: str) -> list[str]:
    """Returns the names of the secrets that begin with a prefix, in order."""
    names = database.execute("SELECT name FROM deployment_secret ORDER BY name").fetchall()
    return sorted(name for (name,) in names if name.startswith(prefix))


def forget_secret(database: Database, name: str) -> None:
    """Deletes a secret. Values sealed with it can no longer be opened."""
    database.execute("DELETE FROM deployment_secret WHERE name = ?", (name,))


def _sealed(database: Database, name: str) -> bytes | None:
    row = database.execute("SELECT sealed FROM deployment_secret WHERE name = ?", (name,)).fetchone()
    return None if row is None else bytes(row[0])


def _purpose(name: str) -> str:
    return f"deployment_secret/{name}"
