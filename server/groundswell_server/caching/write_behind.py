"""A write-behind buffer: values wait for a short time and are written together, after the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

import structlog

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

RETRY_SECONDS = 1.0
"""Time until a buffer with `retry` writes again after it failed."""

log = structlog.get_logger(__name__)


class WriteBehind(Generic[K, V]):
    """The newest value of each key, until it is written. Used on the event loop.

    A server that is killed loses the values that wait. At most `capacity` values wait or are being written at a time.
    """

    def __init__(
        self,
        name: str,
        write: Callable[[Mapping[K, V]], Awaitable[None]],
        *,
        max_age_seconds: float,
        max_batch: int = 1_000_000,
        capacity: int = 1_000_000,
        retry: bool = False,
        on_drop: Callable[[Mapping[K, V]], None] = lambda values: None,
    ) -> None:
        """`write` makes values durable. It is called after `max_age_seconds`, or as soon as `max_batch` values wait.

        When it fails, the values are written again with `retry`, otherwise dropped and passed to `on_drop`. `name`
        is for the log.
        """
        self._name = name
        self._write = write
        self._max_age_seconds = max_age_seconds
        self._max_batch = max_batch
        self._capacity = capacity
        self._retry = retry
        self._on_drop = on_drop
        self._waiting: dict[K, V] = {}
        self._being_written = 0
        self._rejected = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Returns the number of values that are not durable yet."""
        return len(self._waiting) + self._being_written

    def put(self, key: K, value: V) -> bool:
        """Adds a value, in place of one that waits under the same key. Returns False when the buffer is full."""
        if len(self) >= self._capacity and key not in self._waiting:
            self._rejected += 1
            return False
        self._waiting[key] = value
        if self._timer is None:
            self._start_timer(self._max_age_seconds)
        if len(self._waiting) == self._max_batch:
            self._start_flush()
        return True

    async def flush(self) -> None:
        """Writes the values that wait, and returns when they are durable or dropped.

        With `retry` it raises the error of `write`, and the values wait again.
        """
        async with self._writing:
            self._stop_timer()
            values, self._waiting = self._waiting, {}
            if not values:
                return
            self._being_written = len(values)
            try:
                await self._write(values)
            except BaseException as error:
                if self._retry or not isinstance(error, Exception):
                    self._waiting = values | self._waiting
                    self._stop_timer()
                    self._start_timer(RETRY_SECONDS)
                    raise
                log.warning("buffered values dropped", buffer=self._name, count=len(values), error=str(error))
                self._on_drop(values)
            finally:
                self._being_written = 0
                self._log_rejected()

    def close(self) -> None:
        """Stops the timer; values that wait are lost unless `flush` was awaited."""
        self._stop_timer()

    def _start_timer(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._start_flush)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_flush(self) -> None:
        task = asyncio.create_task(self._flush_and_log())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _flush_and_log(self) -> None:
        try:
            await self.flush()
        except Exception as error:
            log.warning("buffered values not written yet", buffer=self._name, count=len(self), error=str(error))

    def _log_rejected(self) -> None:
        if self._rejected:
            log.warning("values rejected by a full buffer", buffer=self._name, count=self._rejected)
            self._rejected = 0
