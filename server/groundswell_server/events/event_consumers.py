"""How what a server remembers stays true: it heeds the event log as long as the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta

import structlog

from groundswell_storage.errors import GroundswellError
from groundswell_storage.events import Event
from groundswell_storage.feed import EventFeed

BOOKMARK_EVERY = timedelta(seconds=30)
"""How often a stream tells its cursor while nothing happens."""
_AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


async def keep_true(
    feed: EventFeed, topics: Collection[str], *, doubt: Callable[[], None], heed: Callable[[Event], None]
) -> None:
    """Calls `heed` with every event of the topics until the feed is closed.

    `doubt` is called before the first, and whenever news may have been missed: what was read until then may be old.
    """

    async def heed_all(events: Sequence[Event]) -> None:
        for event in events:
            heed(event)

    await pass_on(feed, topics, heed_all, doubt=doubt)


async def pass_on(
    feed: EventFeed,
    topics: Collection[str],
    heed: Callable[[Sequence[Event]], Awaitable[None]],
    *,
    doubt: Callable[[], None] = lambda: None,
) -> None:
    """Awaits `heed` with the events of the topics, those together that came together, until the feed is closed.

    `doubt` is called before the first, and whenever news may have been missed.
    """
    while True:
        cursor = feed.cursor
        doubt()
        try:
            async for batch in feed.follow(cursor, topics=topics):
                await heed(batch.events)
            return  # the feed was closed
        except GroundswellError as error:
            log.warning("news out of reach; what is remembered may be old", topics=topics, error=error.message)
            await asyncio.sleep(_AGAIN_SECONDS)


async def work_through(
    feed: EventFeed,
    topics: Collection[str],
    work: Callable[[], Awaitable[None]],
    *,
    again: timedelta,
    what: str,
    apart_seconds: float = 0.0,
) -> None:
    """Calls `work` at once, with news of the topics, and so long after the last of them, until the feed is closed.

    `work` does all that there is to do by then, and is left alone for `apart_seconds` after it. What the database or a
    peer refuses is tried again; `what` names the work in the log.
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
            log.warning("work waits for the database or a peer", what=what, error=error.message)
            await asyncio.sleep(again.total_seconds())
