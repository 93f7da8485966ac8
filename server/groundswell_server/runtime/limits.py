"""Stage 5: what one key may ask for at once.

Message and page sizes are bounded by gRPC and by the contract, the database's queue by its executor.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method, Mode
from groundswell_storage.errors import ResourceExhausted


class TokenBucket:
    """Lets `rate` calls a second through, and `burst` at once after a rest."""

    __slots__ = ("_burst", "_filled", "_rate", "_tokens")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._filled = now

    def take(self, now: float) -> float:
        """0 when the call may go, else the seconds until it may."""
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate


class Limiter:
    """Counts calls and open streams by key, in this server process."""

    def __init__(
        self,
        *,
        calls_per_second: float,
        burst: int,
        streams_per_key: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = calls_per_second
        self._burst = float(burst)
        self._streams_per_key = streams_per_key
        self._monotonic = monotonic
        self._buckets: dict[str, TokenBucket] = {}
        self._streams: defaultdict[str, int] = defaultdict(int)

    def stage(self, method: Method, proceed: Handler) -> Handler:
        """Refuses what goes beyond the limits, health aside: it has to stay green."""
        if method.mode is Mode.FOREIGN:
            return proceed
        handler = self._bounded_stream(proceed) if method.streaming else proceed
        return self._bounded_rate(handler) if self._rate > 0 else handler

    def _bounded_rate(self, proceed: Handler) -> Handler:
        async def handler(request: Any, call: Call) -> Any:
            now = self._monotonic()
            bucket = self._buckets.get(call.principal.actor)
            if bucket is None:
                bucket = self._buckets[call.principal.actor] = TokenBucket(self._rate, self._burst, now)
            wait = bucket.take(now)
            if wait > 0:
                raise ResourceExhausted(
                    f"more than {self._rate:g} calls a second with this key",
                    reason="RATE_LIMITED",
                    metadata={"limit": f"{self._rate:g}/s"},
                    retry_after=timedelta(seconds=wait),
                )
            return await proceed(request, call)

        return handler

    def _bounded_stream(self, proceed: Handler) -> Handler:
        async def handler(request: Any, call: Call) -> Any:
            actor = call.principal.actor
            if self._streams[actor] >= self._streams_per_key:
                raise ResourceExhausted(
                    f"more than {self._streams_per_key} open streams with this key",
                    reason="TOO_MANY_STREAMS",
                    metadata={"limit": str(self._streams_per_key)},
                    retry_after=timedelta(seconds=1),
                )
            self._streams[actor] += 1
            try:
                return await proceed(request, call)
            finally:
                self._streams[actor] -= 1
                if not self._streams[actor]:
                    del self._streams[actor]

        return handler
