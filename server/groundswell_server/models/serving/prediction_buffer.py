"""A write-behind buffer of served predictions that writes a repeated prediction only when it has changed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

import structlog

from groundswell_server.caching.write_behind import WriteBehind
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.scope import Scope

WAIT_SECONDS = 0.5
"""The maximum time that a prediction waits."""
BATCH = 500
"""Number of predictions that are written at once without waiting longer."""
MAX_WAITING = 10_000
"""The maximum number of predictions that are not yet durable; one call may add 2,000."""
_MAX_REMEMBERED = 50_000

log = structlog.get_logger(__name__)


class Key(NamedTuple):
    """The identity of a prediction; the buffer holds one value per key."""

    workspace: str
    subject: str
    model_id: str


class Served(Protocol):
    """A value with the time of the answer it belongs to."""

    @property
    def served(self) -> datetime:
        """Time of the answer."""


V = TypeVar("V", bound=Served)


class PredictionBuffer(Generic[V]):
    """The buffer of one server and one table; used on its event loop."""

    def __init__(self, executor: DatabaseExecutor, store: Callable[[Scope, Sequence[tuple[Key, V]]], None]) -> None:
        """`store` writes entries in a transaction of their workspace, on a database thread."""
        self._executor = executor
        self._store = store
        self._predicted: dict[Key, Hashable] = {}
        """The last prediction by key, with which repeated ones are recognised."""
        self._buffer: WriteBehind[Key, V] = WriteBehind(
            "predictions", self._write, max_age_seconds=WAIT_SECONDS, max_batch=BATCH, capacity=MAX_WAITING
        )

    def put(self, key: Key, predicted: Hashable, value: V) -> None:
        """Adds a value, unless the same was predicted for its key before or the buffer is full."""
        if self._predicted.get(key) == predicted or not self._buffer.put(key, value):
            return
        if len(self._predicted) >= _MAX_REMEMBERED:
            self._predicted.clear()
        self._predicted[key] = predicted

    async def flush(self) -> None:
        """Writes the buffer, and returns when all entries are durable or given up."""
        await self._buffer.flush()

    async def _write(self, values: Mapping[Key, V]) -> None:
        by_workspace: dict[str, list[tuple[Key, V]]] = defaultdict(list)
        for key, value in values.items():
            by_workspace[key.workspace].append((key, value))
        await asyncio.gather(*(self._write_workspace(name, entries) for name, entries in by_workspace.items()))

    async def _write_workspace(self, workspace: str, entries: list[tuple[Key, V]]) -> None:
        scope = Scope(self._executor.database, workspace, "system", max(value.served for _, value in entries))
        try:
            await self._executor.write(lambda: self._store(scope, entries))
        except Exception as error:
            # No caller waits for the error; the next prediction with this key is written again.
            log.warning("predictions not stored", workspace=workspace, count=len(entries), error=str(error))
            for key, _ in entries:
                self._predicted.pop(key, None)
