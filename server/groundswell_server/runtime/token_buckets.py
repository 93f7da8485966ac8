"""Token buckets for the rate limit of keys: this process draws tokens in lots from the bucket that all servers share.

A call costs no query: it takes a token of the lot that this process holds, and the next lot is drawn in the background
before that one is used up. Only a call that finds no token waits: the first of a key, or one in a burst. Lots grow with
the demand, so that a busy key causes a few draws a second and a quiet key keeps few tokens from other servers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from groundswell_storage.calls.token_buckets import Draw, Limit, drawn_from
from groundswell_storage.errors import GroundswellError

Drawing = Callable[[str, int], Awaitable[Draw]]
"""Draws up to a number of tokens of a key from the shared bucket."""

_SOON_SECONDS = 0.25
"""A key that needs its next lot sooner gets one of twice the size."""
_LARGEST_LOT = 4
"""A lot is at most the burst divided by this, so that servers which share a key leave tokens to each other."""

log = structlog.get_logger(__name__)


class _Lot:
    """The tokens that this process holds for one key."""

    __slots__ = ("drawing", "drawn", "empty_until", "fallback", "size", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self.size = 1
        self.drawn = 0.0
        """Time of the last draw, on the monotonic clock."""
        self.empty_until = 0.0
        """The time until which the shared bucket is empty."""
        self.fallback: tuple[float, float] | None = None
        """A bucket of this process (tokens and time) while the shared one is unreachable."""
        self.drawing: asyncio.Task[None] | None = None


class TokenBuckets:
    """The lots of all keys. Used on one event loop."""

    def __init__(self, limit: Limit, draw: Drawing, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._draw = draw
        self._monotonic = monotonic
        self._lots: dict[str, _Lot] = {}
        self._largest = max(1, limit.burst // _LARGEST_LOT)

    def take(self, key: str) -> bool:
        """Takes a token of the lot. Returns False when there is none."""
        lot = self._lots.get(key)
        if lot is None or not lot.tokens:
            return False
        lot.tokens -= 1
        if lot.tokens * 2 <= lot.size and lot.drawing is None and self._monotonic() >= lot.empty_until:
            self._start_drawing(key, lot)
        return True

    async def wait(self, key: str) -> float:
        """Takes a token as soon as one is drawn and returns 0, or returns the seconds until there may be one."""
        lot = self._lots.setdefault(key, _Lot())
        while not self.take(key):
            now = self._monotonic()
            if lot.drawing is None and now < lot.empty_until:
                return lot.empty_until - now
            # The draw continues for other callers when this caller is cancelled.
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
            # An unreachable or overloaded database is no reason to refuse calls that do not need it.
            log.warning("rate limits apply to this process alone", error=error.message)
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
