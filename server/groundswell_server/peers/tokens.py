"""Short-lived signed tokens, by which one server of a deployment vouches for a caller to another.

The secret is created once for a deployment and stored encrypted in its database, so that all servers share it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from groundswell_server.runtime.call import Principal
from groundswell_storage.access import secrets
from groundswell_storage.database import Database
from groundswell_storage.errors import Unauthenticated

AUDIENCE = "groundswell-peer"
LIFETIME = timedelta(minutes=1)


class PeerTokens:
    """Signs and verifies tokens about callers."""

    def __init__(
        self,
        database: Database,
        master_key: Callable[[], bytes],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._master_key = master_key
        self._now = now
        self._secret: bytes | None = None

    async def sign(self, principal: Principal) -> str:
        """Returns a token with the caller's identity and rights, valid for a minute."""
        import jwt  # 20 MB and 0.2 seconds that only servers with peers pay

        claims: dict[str, Any] = {
            "aud": AUDIENCE,
            "exp": self._now() + LIFETIME,
            "workspace": principal.workspace,
            "role": principal.role,
            "actor": principal.actor,
            "scopes": sorted(principal.scopes),
        }
        return jwt.encode(claims, await self._key(), algorithm="HS256")

    async def verify(self, token: str) -> Principal:
        """Returns the caller that a peer vouches for. Raises Unauthenticated for an invalid token."""
        import jwt

        try:
            claims = jwt.decode(
                token, await self._key(), algorithms=["HS256"], audience=AUDIENCE, options={"require": ["exp", "aud"]}
            )
            return _principal(claims)
        except (jwt.PyJWTError, KeyError, TypeError) as error:
            raise Unauthenticated(
                "the token of the peer is invalid or expired", reason="CREDENTIALS_INVALID"
            ) from error

    async def _key(self) -> bytes:
        if self._secret is None:
            self._secret = await asyncio.to_thread(self._load)
        return self._secret

    def _load(self) -> bytes:
        self._database.bind()
        try:
            return secrets.deployment_secret(self._database, "peers", secrets.Sealer(self._master_key()))
        finally:
            self._database.drop_connection()


def _principal(claims: dict[str, Any]) -> Principal:
    """Returns the caller of claims. Raises KeyError or TypeError for claims that `sign` does not write."""
    workspace, role, actor, scopes = (claims[name] for name in ("workspace", "role", "actor", "scopes"))
    texts = (workspace, role, actor, *scopes)
    if not isinstance(scopes, list) or not all(isinstance(text, str) for text in texts):
        raise TypeError("a claim is not a string")
    return Principal(workspace, role, actor, frozenset(scopes))
