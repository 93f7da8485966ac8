"""Consumers of the event log: they invalidate caches and start background work for as long as the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta

import structlog

from groundswell_storage.errors import GroundswellError
from groundswell_storage.events.events import Event
from groundswell_storage.events.feed import EventFeed

_RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def invalidate_on(
    feed: EventFeed, topics: Collection[str], *, on_event: Callable[[Event], None], on_gap: Callable[[], None]
) -> None:
    """Calls `on_event` with every event of the topics until the feed is closed.

    Calls `on_gap` before the first event and whenever events may have been missed: values that were read until then
    may be stale.
    """

    async def on_events(events: Sequence[Event]) -> None:
        for event in events:
            on_event(event)

    await consume(feed, topics, on_events, on_gap=on_gap)


async def consume(
    feed: EventFeed,
    topics: Collection[str],
    on_events: Callable[[Sequence[Event]], Awaitable[None]],
    *,
    on_gap: Callable[[], None] = lambda: None,
) -> None:
    """Awaits `on_events` with each batch of events of the topics until the feed is closed.

    Calls `on_gap` before the first event and whenever events may have been missed.
    """
    while True:
        cursor = feed.cursor
        on_gap()
        try:
            async for batch in feed.follow(cursor, topics=topics):
                await on_events(batch.events)
            return  # the feed was closed
        except GroundswellError as error:
            log.warning("event log unavailable; cached values may be stale", topics=topics, error=error.message)
            await asyncio.sleep(_RETRY_SECONDS)


async def process(
    feed: EventFeed,
    topics: Collection[str],
    work: Callable[[], Awaitable[None]],
    *,
    again: timedelta,
    what: str,
    apart_seconds: float = 0.0,
) -> None:
    """Calls `work` at once, after events of the topics, and `again` after the last call, until the feed is closed.

    `work` does everything that is due, then pauses for at least `apart_seconds`. It is retried when the database or a
    peer refuses it; `what` names it in the log.
    """
    while True:
        cursor = feed.cursor
        try:
            await work()
            async for _ in feed.follow(cursor, topics=topics, heartbeat=again):
                await work()
                await asyncio.sleep(apart_seconds)
            return  # the feed was closed
        except GroundswellError as error:
            log.warning("background work failed and will be retried", work=what, error=error.message)
            await asyncio.sleep(again.total_seconds())
