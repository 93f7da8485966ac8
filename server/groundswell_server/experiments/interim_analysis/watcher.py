"""A watcher of an experiment: yields an interim analysis at first, and another whenever the result has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from groundswell_server.events.watch_streams import BOOKMARK_EVERY
from groundswell_storage.events.events import Position, decode_cursor
from groundswell_storage.events.feed import Batch, EventFeed
from groundswell_storage.events.topics import EXPERIMENT_CHANGED, EXPERIMENT_COUNTED
from groundswell_storage.experiments.enums import ExperimentState

if TYPE_CHECKING:
    from groundswell_server.experiments.interim_analysis.interim_analysis import InterimAnalysis

TOPICS = (EXPERIMENT_CHANGED, EXPERIMENT_COUNTED)
MIN_INTERVAL = timedelta(seconds=1)
"""The minimum time between two analyses for one watcher: a stream of events is not analysed batch by batch."""


@dataclass(frozen=True, slots=True)
class WatchUpdate:
    """A message to a watcher."""

    cursor: str
    """The cursor to resume from after this message."""
    analysis: InterimAnalysis
    is_new: bool
    """False in a keep-alive message, whose result equals the previous result."""


class Watcher:
    """One watch of one experiment. It holds the last result and a position of the event log, and no queue."""

    def __init__(
        self,
        feed: EventFeed,
        workspace: str,
        key: str,
        run: Callable[[Position | None], Awaitable[tuple[str, InterimAnalysis]]],
        *,
        min_interval: timedelta = MIN_INTERVAL,
        bookmark_every: timedelta = BOOKMARK_EVERY,
    ) -> None:
        """`run` returns an analysis with the cursor that it includes; see `SharedAnalyses.run`."""
        self._feed = feed
        self._workspace = workspace
        self._key = key
        self._run = run
        self._min_interval_seconds = min_interval.total_seconds()
        self._bookmark_every = bookmark_every
        self._last_result: object = None
        self._last_run = 0.0
        """On the event loop's clock."""

    async def watch(self, cursor: str) -> AsyncIterator[WatchUpdate]:
        """Yields the present result, unless `cursor` includes it, then every new result until the experiment has ended.

        Raises InvalidArgument (`CURSOR_INVALID`), FailedPrecondition (`CURSOR_EXPIRED`), and the errors of `run`.
        """
        decode_cursor(cursor)
        update = await self._update(None)
        start = cursor or update.cursor
        known = decode_cursor(start)
        has_ended = _has_ended(update.analysis)
        if cursor and not has_ended:
            # A resumed watch yields its next analysis whatever the result is.
            self._last_result = None
        else:
            yield update
        if has_ended:
            return
        following = self._feed.follow(start, topics=TOPICS, workspace=self._workspace, heartbeat=self._bookmark_every)
        async with aclosing(following) as batches:
            async for batch in batches:
                if self._is_due(batch, known):
                    elapsed = asyncio.get_running_loop().time() - self._last_run
                    await asyncio.sleep(self._min_interval_seconds - elapsed)
                    update = await self._update(decode_cursor(batch.cursor) if batch.events else None)
                    known = decode_cursor(update.cursor)
                    yield update
                    if _has_ended(update.analysis):
                        return

    def _is_due(self, batch: Batch, known: Position) -> bool:
        """Returns True when the experiment has changed since `known`, or when the last analysis is old.

        The passing of time changes verdicts too. Events up to `known` are in the last analysis already, so that a
        caller that reads slowly continues with the newest result.
        """
        if not batch.events:
            return True
        if decode_cursor(batch.cursor) > known and any(event.payload["key"] == self._key for event in batch.events):
            return True
        return asyncio.get_running_loop().time() >= self._last_run + self._bookmark_every.total_seconds()

    async def _update(self, since: Position | None) -> WatchUpdate:
        """Runs an analysis.

        Without `since` the analysis is run anew, because time changes verdicts and a server that was killed may have
        skipped the notification.
        """
        self._last_run = asyncio.get_running_loop().time()
        cursor, found = await self._run(since)
        result = found.experiment.version, found.counts, found.decision.verdict, found.planned_decision
        is_new, self._last_result = result != self._last_result, result
        return WatchUpdate(cursor, found, is_new)


def _has_ended(found: InterimAnalysis) -> bool:
    return found.experiment.state in (ExperimentState.COMPLETED, ExperimentState.ARCHIVED)
