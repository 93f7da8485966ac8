"""A stage: what one key may ask for at once.

Message and page sizes are bounded by gRPC and by the contract, the database's queue by its executor.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method, Mode
from groundswell_server.runtime.token_buckets import Drawing, TokenBuckets
from groundswell_storage.calls.token_buckets import Limit
from groundswell_storage.errors import ResourceExhausted


class Limiter:
    """Bounds calls by key on all servers together, and open streams by key in this server process."""

    def __init__(self, limit: Limit, draw: Drawing, *, streams_per_key: int) -> None:
        """`limit`: calls of a key, without bound when it is 0 per second; `draw`: how to draw on it."""
        self._limit = limit
        self._token_buckets = TokenBuckets(limit, draw)
        self._streams_per_key = streams_per_key
        self._streams: defaultdict[str, int] = defaultdict(int)

    def stage(self, method: Method, proceed: Handler) -> Handler:
        """Refuses what goes beyond the limits, health aside: it has to stay green."""
        if method.mode is Mode.FOREIGN:
            return proceed
        handler = self._bounded_stream(proceed) if method.streaming else proceed
        return self._bounded_rate(handler) if self._limit.per_second > 0 else handler

    def _bounded_rate(self, proceed: Handler) -> Handler:
        token_buckets = self._token_buckets
        rate = f"{self._limit.per_second:g}"

        async def handler(request: Any, call: Call) -> Any:
            key = call.principal.actor
            if not token_buckets.take(key) and (wait := await token_buckets.wait(key)):
                raise ResourceExhausted(
                    f"more than {rate} calls a second with this key",
                    reason="RATE_LIMITED",
                    metadata={"limit": f"{rate}/s"},
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
