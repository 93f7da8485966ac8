"""Streams that are open under API keys: they end when their key does, as every other call is refused from then on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import structlog

from groundswell_server.runtime.call import Call
from groundswell_storage.errors import GroundswellError, Unauthenticated

LOOK_EVERY_SECONDS = 60.0
"""Nothing tells of a key that expires, nor of news that were lost."""
_AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class KeyedStreams:
    """Used on the event loop."""

    def __init__(self, works: Callable[[str], Awaitable[bool]]) -> None:
        """`works` says whether credentials still let their caller in."""
        self._works = works
        self._open: defaultdict[str, set[Call]] = defaultdict(set)
        """By what their callers sent."""
        self._doubted = asyncio.Event()

    @contextmanager
    def under(self, credentials: str, call: Call) -> Iterator[None]:
        """A stream is open as long as this lasts."""
        self._open[credentials].add(call)
        try:
            yield
        finally:
            self._open[credentials].discard(call)
            if not self._open[credentials]:
                del self._open[credentials]

    def doubt(self) -> None:
        """Some key was changed, or may have been."""
        self._doubted.set()

    async def run(self) -> None:
        """Ends what is to end, as long as the server runs."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._doubted.wait(), LOOK_EVERY_SECONDS)
            self._doubted.clear()
            try:
                await self.look()
            except GroundswellError as error:
                log.warning("keys of open streams out of reach", error=error.message)
                await asyncio.sleep(_AGAIN_SECONDS)
                self._doubted.set()

    async def look(self) -> None:
        """Ends the streams whose key is revoked, rotated away or expired."""
        for credentials in tuple(self._open):
            if not await self._works(credentials):
                for call in tuple(self._open.get(credentials, ())):
                    call.end(Unauthenticated("the API key works no more", reason="CREDENTIALS_INVALID"))
