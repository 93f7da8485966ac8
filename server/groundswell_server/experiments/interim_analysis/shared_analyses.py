"""One look for all who watch the same experiment: news wake them together, and the statistics are computed once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from groundswell_storage.events.events import Position, decode_cursor
from groundswell_storage.events.feed import EventFeed

if TYPE_CHECKING:
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis

_MOST_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Begun:
    cursor: str
    """The place in the log when it began: what was told up to there is in it."""
    task: asyncio.Task[InterimAnalysis]

    def holds(self, since: Position) -> bool:
        """Whether everything up to a place in the log is in it."""
        failed = self.task.done() and (self.task.cancelled() or self.task.exception() is not None)
        return not failed and decode_cursor(self.cursor) >= since


class SharedAnalyses:
    """The last look at each experiment that is watched; used on the event loop."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self._begun: dict[tuple[str, str], _Begun] = {}

    async def run(
        self, workspace: str, key: str, look: Callable[[], Awaitable[InterimAnalysis]], since: Position | None
    ) -> tuple[str, InterimAnalysis]:
        """What the experiment says, and the cursor of the log that this is true for; raises as `look` does.

        With `since`, another watcher's look will do if it began there or later, under way or over. Without, it is new.
        """
        place = workspace, key
        begun = self._begun.get(place)
        if begun is None or since is None or not begun.holds(since):
            begun = _Begun(self._feed.cursor, asyncio.ensure_future(look()))
            self._begun.pop(place, None)
            self._begun[place] = begun
            if len(self._begun) > _MOST_KEPT:
                del self._begun[next(iter(self._begun))]
        # Who goes away must not take the look with him.
        return begun.cursor, await asyncio.shield(begun.task)
