"""A write-behind buffer: entries wait for at most half a second and are written together.

A killed server loses the last half second. A repeated entry is written again only when its value has changed. Entries
that arrive faster than the database writes are dropped, and the log reports their number.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

import structlog

from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.scope import Scope

WAIT_SECONDS = 0.5
"""Longest time that an entry waits."""
BATCH = 500
"""Number of entries that are written at once without waiting longer."""
MOST_WAITING = 10_000
"""Largest number of entries that are not yet durable; one call may add 2,000."""
_MOST_REMEMBERED = 50_000

log = structlog.get_logger(__name__)


class Key(NamedTuple):
    """The identity of an entry; the buffer holds one value per key."""

    workspace: str
    subject: str
    model_id: str


class Served(Protocol):
    """A value with the time of the answer it belongs to."""

    @property
    def served(self) -> datetime:
        """Time of the answer."""
        ...


V = TypeVar("V", bound=Served)


class WriteBehind(Generic[V]):
    """The buffer of one server and one table; used on its event loop."""

    def __init__(self, executor: DatabaseExecutor, keep: Callable[[Scope, Sequence[tuple[Key, V]]], None]) -> None:
        """`keep` writes entries in a transaction of their workspace, on a database thread."""
        self._executor = executor
        self._keep = keep
        self._said: dict[Key, Hashable] = {}
        """The last value by key, with which repeated entries are recognised."""
        self._waiting: dict[Key, V] = {}
        self._being_written = 0
        self._left_out = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, key: Key, said: Hashable, value: V) -> None:
        """Adds an entry, unless its key has the same value already or the buffer is full."""
        if self._said.get(key) == said:
            return
        if len(self._waiting) + self._being_written >= MOST_WAITING and key not in self._waiting:
            self._left_out += 1
            return
        if len(self._said) >= _MOST_REMEMBERED:
            self._said.clear()
        self._said[key] = said
        self._waiting[key] = value
        if len(self._waiting) >= BATCH:
            self._write()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WAIT_SECONDS, self._write)

    async def flush(self) -> None:
        """Writes the buffer, and returns when all entries are durable or given up."""
        self._write()
        while self._writing:
            await asyncio.gather(*self._writing)

    def _write(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        by_workspace: dict[str, list[tuple[Key, V]]] = defaultdict(list)
        newest: dict[str, datetime] = {}
        for key, value in self._waiting.items():
            by_workspace[key.workspace].append((key, value))
            newest[key.workspace] = max(value.served, newest.get(key.workspace, value.served))
        self._being_written += len(self._waiting)
        self._waiting = {}
        if self._left_out:
            log.warning("predictions left out: they come faster than they can be written", count=self._left_out)
            self._left_out = 0
        for workspace, noted in by_workspace.items():
            task = asyncio.create_task(self._keep_all(workspace, newest[workspace], noted))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _keep_all(self, workspace: str, now: datetime, noted: list[tuple[Key, V]]) -> None:
        database = self._executor.database
        try:
            await self._executor.write(lambda: self._keep(Scope(database, workspace, "system", now), noted))
        except Exception as error:
            # Nobody waits for the error; the next entry with this key is written again.
            log.warning("predictions not kept", count=len(noted), error=str(error))
            for key, _ in noted:
                self._said.pop(key, None)
        finally:
            self._being_written -= len(noted)
