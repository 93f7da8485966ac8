"""A stage: who calls, and whether they may make this call.

Credentials are an API key in `authorization: Bearer gsk_...`, or the signed word of another server of the
deployment (see `peers.py`). A server that listens on loopback alone may let callers in without a key, as
administrators of the workspace "default".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from groundswell_server.caching.cache import Cache
from groundswell_server.events.event_consumers import invalidate_on
from groundswell_server.runtime import permissions
from groundswell_server.runtime.call import ANONYMOUS, EVERY_SCOPE, Call, Handler, Principal
from groundswell_server.runtime.keyed_streams import KeyedStreams
from groundswell_server.runtime.methods import Method
from groundswell_storage.access import keys
from groundswell_storage.errors import GroundswellError, Unauthenticated
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import KEY_CHANGED
from groundswell_storage.executor import DatabaseExecutor

LOCAL = Principal(workspace="default", role="admin", actor="local", scopes=EVERY_SCOPE)
"""The caller without a key on loopback."""
PEER_HEADER = "x-groundswell-peer"
"""Metadata with the token by which another server of the deployment vouches for a caller."""
_MOST_KEYS = 10_000
NOTE_EVERY_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Authenticator:
    """Turns credentials into principals, from memory where it can."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        *,
        keyless: bool,
        verify_peer: Callable[[str], Awaitable[Principal]],
    ) -> None:
        self._executor = executor
        self._keyless = keyless
        self._verify_peer = verify_peer
        self._known: Cache[str, Principal] = Cache(_MOST_KEYS)
        """By what a caller sends."""
        self._used: dict[str, datetime] = {}
        self.streams = KeyedStreams(self._works)
        """Those that are open under keys."""

    async def follow(self, feed: EventFeed) -> None:
        """Forgets what is known of keys when one is revoked or rotated, as long as the server runs."""
        await invalidate_on(feed, (KEY_CHANGED,), on_gap=self._forget, on_event=lambda _: self._forget())

    def _forget(self) -> None:
        self._known.clear()
        self.streams.doubt()

    async def run(self) -> None:
        """Notes which keys are used, as long as the server runs."""
        while True:
            await asyncio.sleep(NOTE_EVERY_SECONDS)
            await self.note_uses()

    async def note_uses(self) -> None:
        """Writes down when keys were last looked up, which for one in use is every minute: a call pays nothing."""
        used, self._used = self._used, {}
        if not used:
            return
        database = self._executor.database
        try:
            await self._executor.write(lambda: keys.touch(database, used))
        except GroundswellError as error:
            self._used = used | self._used
            log.warning("uses of keys not noted yet", error=error.message)

    def stage(self, method: Method, proceed: Handler) -> Handler:
        """Refuses callers that are unknown or may not make this call."""
        access = permissions.access_of(method.descriptor)
        open_to_all = access.is_public
        keyless = LOCAL if self._keyless else None

        async def handler(request: Any, call: Call) -> Any:
            token = call.header("authorization")
            if token:
                call.principal = self._known.get(token) or await self._look_up(token)
            elif peer := call.header(PEER_HEADER):
                call.principal = await self._verify_peer(peer)
            elif keyless is not None:
                call.principal = keyless
            elif open_to_all:
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

    async def _look_up(self, token: str) -> Principal:
        mark = self._known.mark()
        record = await self._record(token)
        if record is None:
            raise Unauthenticated("the API key is unknown, revoked or expired", reason="CREDENTIALS_INVALID")
        principal = Principal(record.workspace, record.role, record.id, frozenset(record.scopes))
        self._used[record.id] = datetime.now(UTC)
        self._known.store(token, principal, mark)
        return principal

    async def _record(self, token: str) -> keys.KeyRecord | None:
        """The key that is sent so; None when it works no more, or never did."""
        scheme, _, secret = token.partition(" ")
        database = self._executor.database
        if scheme.lower() != "bearer":
            return None
        return await self._executor.read(lambda: keys.authenticate(database, secret.strip()))

    async def _works(self, token: str) -> bool:
        return await self._record(token) is not None
