"""Analyses shared by the watchers of an experiment: an event wakes all of them, and one analysis is run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_storage.events.events import Position, decode_cursor
from groundswell_storage.events.feed import EventFeed

if TYPE_CHECKING:
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis

_MAX_ENTRIES = 256


@dataclass(frozen=True, slots=True)
class _Entry:
    cursor: str
    """The position of the event log at which the analysis began; it includes all events up to there."""
    task: asyncio.Task[InterimAnalysis]

    def includes(self, since: Position) -> bool:
        """Returns True when the analysis has not failed and includes everything up to a position of the log."""
        failed = self.task.done() and (self.task.cancelled() or self.task.exception() is not None)
        return not failed and decode_cursor(self.cursor) >= since


class SharedAnalyses:
    """The latest analysis of each watched experiment; used on the event loop."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self._entries: dict[tuple[str, str], _Entry] = {}

    async def run(
        self,
        workspace: str,
        key: str,
        analyze: Callable[[], Awaitable[InterimAnalysis]],
        since: Position | None,
    ) -> tuple[str, InterimAnalysis]:
        """Returns an analysis and the cursor of the event log that it includes; raises as `analyze` does.

        With `since`, an analysis of another watcher that began at this position or later is shared, whether it is
        finished or not. Without `since` a new analysis is run.
        """
        place = workspace, key
        entry = self._entries.get(place)
        if entry is None or since is None or not entry.includes(since):
            entry = _Entry(self._feed.cursor, asyncio.ensure_future(analyze()))
            self._entries.pop(place, None)
            self._entries[place] = entry
            if len(self._entries) > _MAX_ENTRIES:
                del self._entries[next(iter(self._entries))]
        # Shielded, because a cancelled watcher must not cancel the analysis for the others.
        return entry.cursor, await asyncio.shield(entry.task)
