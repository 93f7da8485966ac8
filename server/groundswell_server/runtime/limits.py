"""A stage: limits on the calls and the open streams of a key.

gRPC and the contract bound the size of messages and pages, the database executor bounds its own queue.
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
    """Limits the rate of calls of a key on all servers together, and its open streams in this process."""

    def __init__(self, limit: Limit, draw: Drawing, *, streams_per_key: int) -> None:
        """`limit` is the rate of calls of a key, unlimited at 0 per second; `draw` draws tokens from it."""
        self._limit = limit
        self._token_buckets = TokenBuckets(limit, draw)
        self._streams_per_key = streams_per_key
        self._streams: defaultdict[str, int] = defaultdict(int)

    def stage(self, method: Method, proceed: Handler) -> Handler:
        """Refuses calls beyond the limits, except those of the standard services, such as health."""
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
                    f"this key may make at most {rate} calls a second: wait and retry",
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
                    f"this key may have at most {self._streams_per_key} open streams: close one first",
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
