"""Exposures that are awaited: those of targeted experiments, whose units can't be enrolled by their first event.

An event says nothing of who its unit is. So these exposures are durable before anybody is told the variant, and events
that come to any server find them. What is noted while one transaction commits goes into the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

Exposed = tuple[int, int, str]
"""Experiment, bucket version and unit."""


class DurableExposures:
    """Used on the event loop."""

    def __init__(self, flush: Callable[[], Awaitable[None]], forget: Callable[[Exposed], None]) -> None:
        """`flush` returns when all that was noted is durable; `forget` is told what could not be made so."""
        self._flush = flush
        self._forget = forget
        self._unsettled: dict[Exposed, asyncio.Task[None]] = {}
        """With the task that settles it."""
        self._next: asyncio.Task[None] | None = None
        """Settles `_gathered`; it has not begun to write."""
        self._gathered: list[Exposed] = []
        self._writing = asyncio.Lock()

    def begin(self, exposed: Exposed) -> None:
        """A new exposure was noted: it goes into the next transaction."""
        if self._next is None:
            self._next = asyncio.create_task(self._settle())
        self._gathered.append(exposed)
        self._unsettled[exposed] = self._next

    async def wait(self, exposures: Collection[Exposed]) -> None:
        """Returns when these are durable, as most are long since; raises what the database raises."""
        for task in {self._unsettled[exposed] for exposed in exposures if exposed in self._unsettled}:
            # A caller who gives up must not take the exposures from others who wait.
            await asyncio.shield(task)

    async def _settle(self) -> None:
        async with self._writing:
            mine, self._gathered = self._gathered, []
            task, self._next = self._next, None
            try:
                await self._flush()
            except Exception:
                for exposed in mine:
                    self._forget(exposed)
                raise
            finally:
                for exposed in mine:
                    if self._unsettled.get(exposed) is task:
                        del self._unsettled[exposed]
