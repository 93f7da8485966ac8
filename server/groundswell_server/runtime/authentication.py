"""A stage: authentication of the caller, and the check that it may make the call.

Credentials are an API key in `authorization: Bearer gsk_...`, or the signed token of another server of the deployment
(see `peers/tokens.py`). A server that listens on loopback alone may let callers in without a key, as administrators of
the workspace "default".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from groundswell_server.caching.read_through_cache import ReadThroughCache
from groundswell_server.caching.write_behind import WriteBehind
from groundswell_server.events.event_consumers import invalidate_on
from groundswell_server.runtime import permissions
from groundswell_server.runtime.call import ANONYMOUS, EVERY_SCOPE, Call, Handler, Principal
from groundswell_server.runtime.keyed_streams import KeyedStreams
from groundswell_server.runtime.methods import Method
from groundswell_storage.access import keys
from groundswell_storage.errors import Unauthenticated
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import KEY_CHANGED
from groundswell_storage.executor import DatabaseExecutor

LOCAL = Principal(workspace="default", role="admin", actor="local", scopes=EVERY_SCOPE)
"""The caller without a key on loopback."""
PEER_HEADER = "x-groundswell-peer"
"""Metadata with the token by which another server of the deployment vouches for a caller."""
_MAX_KEYS = 10_000
WRITE_USES_SECONDS = 60.0
"""Time until the use of a key is written."""


class Authenticator:
    """Maps credentials to principals, from a cache where it can. Used on the event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        *,
        keyless: bool,
        verify_peer: Callable[[str], Awaitable[Principal]],
    ) -> None:
        """`keyless` lets callers without credentials in; `verify_peer` returns the principal of a peer's token."""
        self._executor = executor
        self._keyless = keyless
        self._verify_peer = verify_peer
        self._principals: ReadThroughCache[str, Principal] = ReadThroughCache(_MAX_KEYS)
        """By the value of the `authorization` metadata."""
        self.uses: WriteBehind[str, datetime] = WriteBehind(
            "uses of API keys", self._write_uses, max_age_seconds=WRITE_USES_SECONDS, retry=True
        )
        """The time of the last look-up of each key, which for a key in use is every minute: a call pays nothing."""
        self.streams = KeyedStreams(self._is_valid)
        """The streams that are open under keys."""

    async def follow(self, feed: EventFeed) -> None:
        """Invalidates principals when a key is revoked or rotated, as long as the server runs."""
        await invalidate_on(feed, (KEY_CHANGED,), on_gap=self._invalidate, on_event=lambda _: self._invalidate())

    def stage(self, method: Method, proceed: Handler) -> Handler:
        """Refuses callers that are unknown or may not make this call."""
        access = permissions.access_of(method.descriptor)
        is_public = access.is_public
        keyless = LOCAL if self._keyless else None

        async def handler(request: Any, call: Call) -> Any:
            token = call.header("authorization")
            if token:
                call.principal = self._principals.get(token) or await self._find(token)
            elif peer := call.header(PEER_HEADER):
                call.principal = await self._verify_peer(peer)
            elif keyless is not None:
                call.principal = keyless
            elif is_public:
                call.principal = ANONYMOUS
            else:
                raise Unauthenticated(
                    "send an API key as metadata `authorization: Bearer gsk_...`", reason="CREDENTIALS_MISSING"
                )
            permissions.authorize(call.principal, access)
            if not token or not (method.streaming or method.rpc.waits):
                return await proceed(request, call)
            with self.streams.under(token, call):
                return await proceed(request, call)

        return handler

    def _invalidate(self) -> None:
        self._principals.clear()
        self.streams.check_soon()

    async def _find(self, token: str) -> Principal:
        async def load() -> Principal:
            record = await self._record(token)
            if record is None:
                raise Unauthenticated("the API key is unknown, revoked or expired", reason="CREDENTIALS_INVALID")
            self.uses.put(record.id, datetime.now(UTC))
            return Principal(record.workspace, record.role, record.id, frozenset(record.scopes))

        return await self._principals.find(token, load)

    async def _record(self, token: str) -> keys.KeyRecord | None:
        """Returns the key of an `authorization` value; None when it is unknown, revoked or expired."""
        scheme, _, secret = token.partition(" ")
        database = self._executor.database
        if scheme.lower() != "bearer":
            return None
        return await self._executor.read(lambda: keys.authenticate(database, secret.strip()))

    async def _is_valid(self, token: str) -> bool:
        return await self._record(token) is not None

    async def _write_uses(self, uses: Mapping[str, datetime]) -> None:
        database = self._executor.database
        await self._executor.write(lambda: keys.touch(database, uses))
