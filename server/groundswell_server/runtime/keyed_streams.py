"""The streams that are open under API keys: a stream ends when its key does, as every other call is refused then."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import structlog

from groundswell_server.runtime.call import Call
from groundswell_storage.errors import GroundswellError, Unauthenticated

CHECK_EVERY_SECONDS = 60.0
"""The expiry of a key is no event, and events may be missed: keys are checked this often in any case."""
_RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


class KeyedStreams:
    """Used on the event loop."""

    def __init__(self, is_valid: Callable[[str], Awaitable[bool]]) -> None:
        """`is_valid` returns True while credentials still let their caller in."""
        self._is_valid = is_valid
        self._open: defaultdict[str, set[Call]] = defaultdict(set)
        """By the credentials of their callers."""
        self._check_due = asyncio.Event()

    @contextmanager
    def under(self, credentials: str, call: Call) -> Iterator[None]:
        """Counts a stream as open while the context lasts."""
        self._open[credentials].add(call)
        try:
            yield
        finally:
            self._open[credentials].discard(call)
            if not self._open[credentials]:
                del self._open[credentials]

    def check_soon(self) -> None:
        """Has `run` check all keys at once, because one was changed or may have been."""
        self._check_due.set()

    async def run(self) -> None:
        """Ends streams whose key has ended, as long as the server runs."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._check_due.wait(), CHECK_EVERY_SECONDS)
            self._check_due.clear()
            try:
                await self.check()
            except GroundswellError as error:
                log.warning("keys of open streams cannot be checked", error=error.message)
                await asyncio.sleep(_RETRY_SECONDS)
                self._check_due.set()

    async def check(self) -> None:
        """Ends the streams whose key is revoked, rotated away or expired."""
        for credentials in tuple(self._open):
            if not await self._is_valid(credentials):
                for call in tuple(self._open.get(credentials, ())):
                    call.end(Unauthenticated("the API key is no longer valid", reason="CREDENTIALS_INVALID"))
