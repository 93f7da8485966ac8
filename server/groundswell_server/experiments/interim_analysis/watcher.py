"""Watching an experiment: what it says now, and again whenever that has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from groundswell_server.events.watch_streams import BOOKMARK_EVERY
from groundswell_server.experiments.lifecycle import State
from groundswell_storage.events.events import Position, decode_cursor
from groundswell_storage.events.feed import Batch, EventFeed
from groundswell_storage.events.topics import EXPERIMENT_CHANGED, EXPERIMENT_COUNTED

if TYPE_CHECKING:
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis

TOPICS = (EXPERIMENT_CHANGED, EXPERIMENT_COUNTED)
APART = timedelta(seconds=1)
"""The least time between two looks of a watcher: a stream of events is not analysed batch by batch."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a watcher is told."""

    cursor: str
    """To go on after it."""
    look: InterimAnalysis
    is_new: bool
    """False in a sign of life: the look says what the one before said."""


class Watcher:
    """One watch of one experiment. It keeps the last look and a place in the log, and nothing that waits."""

    def __init__(
        self,
        feed: EventFeed,
        workspace: str,
        key: str,
        take: Callable[[Position | None], Awaitable[tuple[str, InterimAnalysis]]],
        *,
        apart: timedelta = APART,
        bookmark_every: timedelta = BOOKMARK_EVERY,
    ) -> None:
        """`take` looks at the experiment, and says at which place of the log; see `SharedAnalyses`."""
        self._feed = feed
        self._workspace = workspace
        self._key = key
        self._take = take
        self._apart_seconds = apart.total_seconds()
        self._bookmark_every = bookmark_every
        self._told: object = None
        self._looked = 0.0
        """On the event loop's clock."""

    async def watch(self, cursor: str) -> AsyncIterator[Seen]:
        """What it says now, unless a cursor says that this is known; then what is new, until the experiment has ended.

        Raises InvalidArgument (`CURSOR_INVALID`), FailedPrecondition (`CURSOR_EXPIRED`), and as a look does.
        """
        decode_cursor(cursor)
        seen = await self._look(None)
        start = cursor or seen.cursor
        known = decode_cursor(start)
        has_ended = _has_ended(seen.look)
        if cursor and not has_ended:
            self._told = None  # who comes back is told of the next look, whatever it says
        else:
            yield seen
        if has_ended:
            return
        following = self._feed.follow(start, topics=TOPICS, workspace=self._workspace, heartbeat=self._bookmark_every)
        async with aclosing(following) as batches:
            async for batch in batches:
                if self._is_due(batch, known):
                    await asyncio.sleep(self._looked + self._apart_seconds - asyncio.get_running_loop().time())
                    seen = await self._look(decode_cursor(batch.cursor) if batch.events else None)
                    known = decode_cursor(seen.cursor)
                    yield seen
                    if _has_ended(seen.look):
                        return

    def _is_due(self, batch: Batch, known: Position) -> bool:
        """Whether something happened to the experiment, or nobody has looked for long: time changes verdicts too.

        What happened before the last look, at `known`, was in it: a caller who reads slowly goes on with the newest.
        """
        if not batch.events:
            return True
        if decode_cursor(batch.cursor) > known and any(event.payload["key"] == self._key for event in batch.events):
            return True
        return asyncio.get_running_loop().time() >= self._looked + self._bookmark_every.total_seconds()

    async def _look(self, since: Position | None) -> Seen:
        """Looks, anew without `since`: time changes verdicts, and a server that was killed told nobody."""
        self._looked = asyncio.get_running_loop().time()
        cursor, look = await self._take(since)
        says = look.experiment.version, look.counts, look.decided.verdict, look.planned
        is_new, self._told = says != self._told, says
        return Seen(cursor, look, is_new)


def _has_ended(look: InterimAnalysis) -> bool:
    return look.experiment.state in (State.COMPLETED, State.ARCHIVED)
