"""What a server remembers stays true, also when the event log was out of reach for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from groundswell_server.events import event_consumers
from groundswell_storage.errors import Unavailable
from groundswell_storage.events import Event
from groundswell_storage.feed import Batch, EventFeed

CHANGED = Event((1, 1), "default", "key.changed", "0190", {}, datetime(2026, 3, 1, tzinfo=UTC))


class BreaksOnce:
    """A feed that breaks after its first event, and is closed after its second."""

    cursor = "here"

    def __init__(self) -> None:
        self.followed: list[tuple[str, Collection[str]]] = []

    async def follow(
        self, cursor: str, *, topics: Collection[str], heartbeat: timedelta | None = None
    ) -> AsyncIterator[Batch]:
        self.followed.append((cursor, topics))
        yield Batch((CHANGED,), "after it")
        if len(self.followed) == 1:
            raise Unavailable("the database is away")


def test_after_a_break_everything_is_doubted_and_news_are_heeded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "_AGAIN_SECONDS", 0.0)
    feed = BreaksOnce()
    told: list[Any] = []
    following = event_consumers.keep_true(
        cast("EventFeed", feed), ("key.changed",), doubt=lambda: told.append("doubt"), heed=told.append
    )
    asyncio.run(following)
    assert told == ["doubt", CHANGED, "doubt", CHANGED]
    assert feed.followed == [("here", ("key.changed",))] * 2


def test_what_could_not_be_worked_through_is_tried_again() -> None:
    feed, worked = BreaksOnce(), []

    async def work() -> None:
        worked.append(len(feed.followed))

    asyncio.run(
        event_consumers.work_through(cast("EventFeed", feed), ("key.changed",), work, again=timedelta(0), what="changing keys")
    )
    # At once and with the event that came before the break, and both again after it.
    assert worked == [0, 1, 1, 2]
