"""The vault of platform tokens, encrypted with keys that are rotated.

The keys are secrets of the deployment, sealed with its master key. The newest key encrypts, all keys decrypt.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from groundswell_server.bootstrap.master_key import master_key
from groundswell_server.settings import Settings
from groundswell_storage.access import secrets
from groundswell_storage.access.secrets import Sealer
from groundswell_storage.database import Database
from groundswell_storage.engagement import connections
from groundswell_storage.errors import DataLoss
from groundswell_storage.fields import from_micros, to_micros

_PREFIX = "platform_token_key/"
_KEPT = 2
"""Keys that remain after a rotation, because a server may still encrypt with the previous one."""

log = structlog.get_logger(__name__)


class TokenVault:
    """Encrypts tokens for one owner each: a token that is moved to another owner's row cannot be decrypted."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys`: 32 bytes each, the newest first."""
        from cryptography.fernet import Fernet, MultiFernet

        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def lock(self, token: str, owner: str) -> bytes:
        """Returns the encrypted token."""
        return self._fernet.encrypt(f"{owner}\n{token}".encode())

    def open(self, locked: bytes, owner: str) -> str:
        """Returns the token; raises DataLoss (`SECRET_DAMAGED`) for another owner and without a matching key."""
        from cryptography.fernet import InvalidToken

        try:
            found, _, token = self._fernet.decrypt(locked).decode().partition("\n")
        except InvalidToken:
            found, token = "", ""
        if not token or found != owner:
            raise DataLoss(
                "the stored token of the platform cannot be decrypted; connect the platform again",
                reason="SECRET_DAMAGED",
            )
        return token

    def renew(self, locked: bytes) -> bytes:
        """Returns the same token encrypted with the newest key."""
        return self._fernet.rotate(locked)


def sealer_of(settings: Settings) -> Sealer:
    """Returns the sealer of the keys."""
    return Sealer(master_key(settings))


def open_vault(database: Database, sealer: Sealer) -> TokenVault:
    """Returns the vault with the present keys; creates the first key in the caller's transaction."""
    names = secrets.secret_names(database, _PREFIX) or [_name(database.now())]
    return TokenVault([secrets.made_secret(database, name, sealer) for name in reversed(names)])


def rotate_keys(database: Database, settings: Settings) -> None:
    """Adds a key when the newest is old enough, encrypts all tokens with it and removes old keys."""
    names = secrets.secret_names(database, _PREFIX)
    now = database.now()
    if not names or now - _made(names[-1]) < timedelta(days=settings.token_key_days):
        return
    make = partial(secrets.made_secret, database, sealer=sealer_of(settings))
    with database.transaction():
        names.append(_name(now))
        vault = TokenVault([make(name) for name in reversed(names)])
        held = connections.tokens(database)
        for workspace, id, token in held:
            connections.replace_token(database, workspace, id, vault.renew(token))
        for name in names[:-_KEPT]:
            secrets.forget_secret(database, name)
    log.info("key of platform tokens rotated", tokens=len(held))


def _name(made: datetime) -> str:
    return f"{_PREFIX}{to_micros(made):020d}"


def _made(name: str) -> datetime:
    return from_micros(int(name.removeprefix(_PREFIX)))
