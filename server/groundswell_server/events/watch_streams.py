"""Server streams of events that a client resumes by cursor, without a gap or a repeat."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from datetime import timedelta

from groundswell_storage.events.events import decode_cursor
from groundswell_storage.events.feed import Batch, EventFeed

BOOKMARK_EVERY = timedelta(seconds=30)
"""Time after which an idle stream sends its cursor again."""


async def watch(
    feed: EventFeed,
    cursor: str,
    *,
    topics: Collection[str],
    workspace: str,
    bookmark_every: timedelta = BOOKMARK_EVERY,
) -> AsyncGenerator[Batch, None]:
    """Yields a batch without events at once, then the events of a workspace after the cursor, until the feed is closed.

    The first batch has the cursor at which the stream starts: the given one, or the end of the log when it is empty.
    A batch without events is a bookmark, and follows `bookmark_every` after the last batch of an idle stream. Send its
    cursor to the client in either case. Raises InvalidArgument (`CURSOR_INVALID`) before the first batch, and
    FailedPrecondition (`CURSOR_EXPIRED`) and Unavailable after it.
    """
    start = cursor or feed.cursor
    decode_cursor(start)
    yield Batch((), start)
    async with aclosing(feed.follow(start, topics=topics, workspace=workspace, heartbeat=bookmark_every)) as batches:
        async for batch in batches:
            yield batch
