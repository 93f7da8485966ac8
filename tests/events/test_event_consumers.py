"""What a server remembers stays true, also when the event log was out of reach for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from groundswell_server.events import event_consumers
from groundswell_storage.errors import Unavailable
from groundswell_storage.events.events import Event
from groundswell_storage.events.feed import Batch, EventFeed

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


def test_a_gap_is_reported_before_events_are_consumed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_consumers, "_RETRY_SECONDS", 0.0)
    feed = BreaksOnce()
    told: list[Any] = []
    following = event_consumers.invalidate_on(
        cast("EventFeed", feed), ("key.changed",), on_gap=lambda: told.append("gap"), on_event=told.append
    )
    asyncio.run(following)
    assert told == ["gap", CHANGED, "gap", CHANGED]
    assert feed.followed == [("here", ("key.changed",))] * 2


def test_failed_work_is_retried() -> None:
    feed, worked = BreaksOnce(), []

    async def work() -> None:
        worked.append(len(feed.followed))

    asyncio.run(
        event_consumers.process(
            cast("EventFeed", feed), ("key.changed",), work, again=timedelta(0), what="changing keys"
        )
    )
    # At once and with the event that came before the break, and both again after it.
    assert worked == [0, 1, 1, 2]
