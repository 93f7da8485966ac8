"""The notifier that publishes to watchers which experiments have counted something, at most once a second each.

One event of the event log for each batch would add as many rows as there are batches. The notifier therefore collects
keys in memory and publishes them later. The keys are lost when the server is killed in between, so watchers also run an
analysis on a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from groundswell_storage.errors import GroundswellError
from groundswell_storage.events.topics import EXPERIMENT_COUNTED
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.scope import Scope

log = structlog.get_logger(__name__)


class CountNotifier:
    """The experiments whose watchers are to be notified; used on the event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        flush: Callable[[], Awaitable[None]],
        *,
        interval: timedelta = timedelta(seconds=1),
    ) -> None:
        """`flush` returns when everything counted so far can be read; `interval` separates two publications."""
        self._executor = executor
        self._flush = flush
        self._interval_seconds = interval.total_seconds()
        self._noted: set[tuple[str, str]] = set()
        self._has_noted = asyncio.Event()

    def note(self, workspace: str, keys: Collection[str]) -> None:
        """Notes that these experiments have counted something."""
        if keys:
            self._noted.update((workspace, key) for key in keys)
            self._has_noted.set()

    async def run(self) -> None:
        """Publishes the noted experiments for as long as the server runs."""
        while True:
            await self._has_noted.wait()
            try:
                await self.publish()
            except GroundswellError as error:
                log.warning("watchers are notified late", experiments=len(self._noted), error=error.message)
            await asyncio.sleep(self._interval_seconds)

    async def publish(self) -> None:
        """Publishes the noted experiments; they remain noted if this fails."""
        self._has_noted.clear()
        noted, self._noted = self._noted, set()
        try:
            await self._flush()
            await self._executor.write(partial(self._publish, sorted(noted)))
        except BaseException:
            self._noted |= noted
            self._has_noted.set()
            raise

    def _publish(self, noted: Collection[tuple[str, str]]) -> None:
        for workspace, key in noted:
            Scope(self._executor.database, workspace, "system", datetime.now(UTC)).publish(
                EXPERIMENT_COUNTED, key, {"key": key}
            )
