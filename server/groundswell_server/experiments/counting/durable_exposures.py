"""Durable exposures: those of targeted experiments, which are committed before the answer.

An event has no attributes of its unit, so it cannot enrol a unit in a targeted experiment. The exposure is therefore
durable before the caller receives the variant, so that the events find it on every server. Exposures that arrive
while a transaction commits go into the next transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

ExposureKey = tuple[int, int, str]
"""Experiment, bucket version and unit."""


class DurableExposures:
    """The exposures that calls wait for; used on the event loop."""

    def __init__(self, flush: Callable[[], Awaitable[None]], forget: Callable[[ExposureKey], None]) -> None:
        """`flush` returns when all noted exposures are durable; `forget` receives those that could not be stored."""
        self._flush = flush
        self._forget = forget
        self._pending: dict[ExposureKey, asyncio.Task[None]] = {}
        """Exposures that are not durable yet, with the task that commits them."""
        self._next: asyncio.Task[None] | None = None
        """The task that commits `_gathered`, before it has begun to write."""
        self._gathered: list[ExposureKey] = []
        self._writing = asyncio.Lock()

    def begin(self, exposure: ExposureKey) -> None:
        """Adds a new exposure to the next transaction."""
        if self._next is None:
            self._next = asyncio.create_task(self._commit())
        self._gathered.append(exposure)
        self._pending[exposure] = self._next

    async def wait(self, exposures: Collection[ExposureKey]) -> None:
        """Waits until these exposures are durable, which most of them are already. Raises the error of the database."""
        for task in {self._pending[exposure] for exposure in exposures if exposure in self._pending}:
            # Shielded, because a cancelled caller must not cancel the commit for other callers.
            await asyncio.shield(task)

    async def _commit(self) -> None:
        async with self._writing:
            mine, self._gathered = self._gathered, []
            task, self._next = self._next, None
            try:
                await self._flush()
            except Exception:
                for exposure in mine:
                    self._forget(exposure)
                raise
            finally:
                for exposure in mine:
                    if self._pending.get(exposure) is task:
                        del self._pending[exposure]
