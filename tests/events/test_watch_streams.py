"""A watch stream names its start, passes events on, and sends its cursor while it is idle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from groundswell_server.events.watch_streams import watch
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.events.events import START, Event, encode_cursor
from groundswell_storage.events.feed import Batch, EventFeed

CHANGED = Event((1, 1), "w", "thing.changed", "0190", {}, datetime(2026, 3, 1, tzinfo=UTC))


class OneEvent:
    """A feed with one event, which is closed after it."""

    cursor = encode_cursor(START)

    def __init__(self) -> None:
        self.followed: list[str] = []

    async def follow(
        self, cursor: str, *, topics: Collection[str], workspace: str, heartbeat: timedelta
    ) -> AsyncIterator[Batch]:
        self.followed.append(cursor)
        yield Batch((CHANGED,), CHANGED.cursor)


async def watched(feed: OneEvent, cursor: str) -> list[Batch]:
    stream = watch(cast("EventFeed", feed), cursor, topics=("thing.changed",), workspace="w")
    return [batch async for batch in stream]


def test_a_stream_without_a_cursor_starts_at_the_end_of_the_log_and_names_it() -> None:
    feed = OneEvent()
    assert asyncio.run(watched(feed, "")) == [Batch((), feed.cursor), Batch((CHANGED,), CHANGED.cursor)]
    assert feed.followed == [feed.cursor]


def test_a_stream_resumes_after_its_cursor() -> None:
    feed = OneEvent()
    assert asyncio.run(watched(feed, CHANGED.cursor))[0] == Batch((), CHANGED.cursor)
    assert feed.followed == [CHANGED.cursor]


def test_an_invalid_cursor_is_refused_before_anything_is_sent() -> None:
    feed = OneEvent()
    with pytest.raises(InvalidArgument):
        asyncio.run(watched(feed, "no cursor"))
    assert feed.followed == []
