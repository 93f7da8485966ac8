"""Telling watchers that something was counted: at most once a second for each experiment, however much is counted.

An event of the log for each batch would be as many rows as there are batches. So what is counted is noted in memory and
told behind it. A server that is killed in between tells nobody; watchers look by themselves from time to time.
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
    """Used on the event loop."""

    def __init__(
        self,
        executor: DatabaseExecutor,
        durable: Callable[[], Awaitable[None]],
        *,
        every: timedelta = timedelta(seconds=1),
    ) -> None:
        """`durable` returns when what was noted can be read; `every` is the least time between two tellings."""
        self._executor = executor
        self._durable = durable
        self._every_seconds = every.total_seconds()
        self._noted: set[tuple[str, str]] = set()
        self._something = asyncio.Event()

    def note(self, workspace: str, keys: Collection[str]) -> None:
        """Something was counted for these experiments."""
        if keys:
            self._noted.update((workspace, key) for key in keys)
            self._something.set()

    async def run(self) -> None:
        """Tells what is noted, as long as the server runs."""
        while True:
            await self._something.wait()
            try:
                await self.tell()
            except GroundswellError as error:
                log.warning("watchers are not told yet", experiments=len(self._noted), error=error.message)
            await asyncio.sleep(self._every_seconds)

    async def tell(self) -> None:
        """Tells what is noted; when that fails it is noted still."""
        self._something.clear()
        noted, self._noted = self._noted, set()
        try:
            await self._durable()
            await self._executor.write(partial(self._publish, sorted(noted)))
        except BaseException:
            self._noted |= noted
            self._something.set()
            raise

    def _publish(self, noted: Collection[tuple[str, str]]) -> None:
        for workspace, key in noted:
            Scope(self._executor.database, workspace, "system", datetime.now(UTC)).publish(
                EXPERIMENT_COUNTED, key, {"key": key}
            )
