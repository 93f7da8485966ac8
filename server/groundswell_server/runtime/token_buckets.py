"""The calls that this process may still let through, key by key, drawn in lots from the bucket that all servers share.

A call costs no query: it takes a token of the lot in hand, and the next lot is drawn beside it before that one is used
up. Only a call that finds none in hand waits for one: the first of a key, or one in a rush. Lots grow with the demand,
so that a busy key is asked for a few times a second and a quiet one keeps no more than it needs from other servers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from groundswell_storage.calls.token_buckets import Draw, Limit, drawn_from
from groundswell_storage.errors import GroundswellError

Drawing = Callable[[str, int], Awaitable[Draw]]
"""Draws up to so many tokens of a key from the shared bucket."""

_SOON_SECONDS = 0.25
"""Who needs another lot sooner gets twice as much."""
_LARGEST_LOT = 4
"""A lot is at most the burst divided by this: servers that share a key leave each other something."""

log = structlog.get_logger(__name__)


class _Lot:
    """What this process holds for one key."""

    __slots__ = ("drawing", "drawn", "empty_until", "fallback", "size", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.size = 1
        self.drawn = 0.0
        """When a lot was last asked for, on the monotonic clock."""
        self.empty_until = 0.0
        """Before this time the shared bucket has nothing, and is not asked."""
        self.fallback: tuple[float, float] | None = None
        """A bucket of this process, tokens and time, while the shared one can't be reached."""
        self.drawing: asyncio.Task[None] | None = None


class TokenBuckets:
    """Lots of all keys. Belongs to one event loop."""

    def __init__(self, limit: Limit, draw: Drawing, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._draw = draw
        self._monotonic = monotonic
        self._lots: dict[str, _Lot] = {}
        self._largest = max(1, limit.burst // _LARGEST_LOT)

    def take(self, key: str) -> bool:
        """Takes a token in hand; False when there is none."""
        lot = self._lots.get(key)
        if lot is None or not lot.tokens:
            return False
        lot.tokens -= 1
        if lot.tokens * 2 <= lot.size and lot.drawing is None and self._monotonic() >= lot.empty_until:
            self._start_drawing(key, lot)
        return True

    async def wait(self, key: str) -> float:
        """Takes a token as soon as one was drawn, and returns 0; or the seconds until there may be one again."""
        lot = self._lots.setdefault(key, _Lot())
        while not self.take(key):
            now = self._monotonic()
            if lot.drawing is None and now < lot.empty_until:
                return lot.empty_until - now
            # The caller may give up; the lot is for others too.
            await asyncio.shield(lot.drawing or self._start_drawing(key, lot))
        return 0.0

    def _start_drawing(self, key: str, lot: _Lot) -> asyncio.Task[None]:
        now = self._monotonic()
        if now - lot.drawn < _SOON_SECONDS:
            lot.size = min(lot.size * 2, self._largest)
        else:
            lot.size = max(lot.size // 2, 1)
        lot.drawn = now
        lot.drawing = asyncio.create_task(self._draw_lot(key, lot))
        return lot.drawing

    async def _draw_lot(self, key: str, lot: _Lot) -> None:
        try:
            drawn = await self._draw(key, lot.size)
            lot.fallback = None
        except GroundswellError as error:
            # A database out of reach or overloaded is no reason to refuse what it is not needed for.
            log.warning("rates are limited by this process alone", error=error.message)
            drawn = self._draw_alone(lot)
        finally:
            lot.drawing = None
        lot.tokens += drawn.tokens
        lot.empty_until = self._monotonic() + drawn.wait_seconds

    def _draw_alone(self, lot: _Lot) -> Draw:
        now = self._monotonic()
        tokens, since = lot.fallback or (float(self._limit.burst), now)
        left, drawn = drawn_from(tokens, now - since, lot.size, self._limit)
        lot.fallback = (left, now)
        return drawn
