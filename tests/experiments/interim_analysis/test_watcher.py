"""Watching: an analysis at once, another after a change of the experiment, and never one for each event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from groundswell_server.experiments.counting.count_notifier import CountNotifier
from groundswell_server.experiments.interim_analysis.shared_analyses import SharedAnalyses
from groundswell_server.experiments.interim_analysis.watcher import Watcher, WatchUpdate
from groundswell_storage.database import Database
from groundswell_storage.errors import InvalidArgument, Unavailable
from groundswell_storage.events import events
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import EXPERIMENT_CHANGED, EXPERIMENT_COUNTED, POST_CHANGED
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.scope import Scope

NEVER = timedelta(hours=1)
AT_ONCE = timedelta(0)


class World:
    """An experiment with its analyses, and the event log that reports its changes."""

    def __init__(self, database: Database, executor: DatabaseExecutor, feed: EventFeed) -> None:
        self.database, self.executor, self.feed = database, executor, feed
        self.experiment = SimpleNamespace(version=1, state=ExperimentState.RUNNING)
        self.units = 0
        self.analysis_count = 0

    async def take(self, since: events.Position | None) -> Any:
        cursor = self.feed.cursor
        return cursor, await self.analyze()

    async def analyze(self) -> Any:
        self.analysis_count += 1
        decision = SimpleNamespace(verdict=5)
        now = SimpleNamespace(**vars(self.experiment))
        return SimpleNamespace(experiment=now, counts=self.units, decision=decision, planned_decision=None)

    def watch(self, cursor: str = "", min_interval: timedelta = AT_ONCE, bookmark_every: timedelta = NEVER) -> Any:
        watcher = Watcher(
            self.feed, "acme", "hooks", self.take, min_interval=min_interval, bookmark_every=bookmark_every
        )
        return aclosing(watcher.watch(cursor))  # type: ignore[type-var]

    async def tell(self, *keys: str, topic: str = EXPERIMENT_COUNTED, workspace: str = "acme") -> None:
        """Publishes an event for each key; returns when the feed has them all."""

        def work() -> None:
            for key in keys:
                Scope(self.database, workspace, "tester", datetime.now(UTC)).publish(topic, key, {"key": key})

        await self.executor.write(work)
        position = await self.executor.read(lambda: events.latest_position(self.database))
        while events.decode_cursor(self.feed.cursor) < position:
            await asyncio.sleep(0)
            position = await self.executor.read(lambda: events.latest_position(self.database))

    async def count(self, units: int = 1) -> None:
        self.units += units
        await self.tell("hooks")


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    executor = DatabaseExecutor(database)
    feed = EventFeed(executor, poll=NEVER)
    await feed.start()
    yield World(database, executor, feed)
    await feed.close()
    executor.close()


@asynccontextmanager
async def soon() -> AsyncIterator[None]:
    async with asyncio.timeout(20):
        yield


async def next_of(watching: AsyncIterator[WatchUpdate]) -> WatchUpdate:
    async with soon():
        return await anext(watching)


async def test_the_first_analysis_is_sent_at_once_and_the_next_after_counting(world: World) -> None:
    async with world.watch() as watching:
        first = await next_of(watching)
        await world.count()
        second = await next_of(watching)
    assert (first.is_new, first.analysis.counts) == (True, 0)
    assert (second.is_new, second.analysis.counts) == (True, 1)
    assert events.decode_cursor(second.cursor) > events.decode_cursor(first.cursor)
    assert world.analysis_count == 2


async def test_a_slow_caller_receives_the_newest_analysis(world: World) -> None:
    async with world.watch() as watching:
        await next_of(watching)
        world.units = 1_000
        await world.tell(*["hooks"] * 1_000)  # four batches of the feed
        newest = await next_of(watching)
        await world.count()
        after = await next_of(watching)
    assert [newest.analysis.counts, after.analysis.counts] == [1_000, 1_001]
    assert world.analysis_count == 3


async def test_watchers_of_one_experiment_share_analyses(world: World) -> None:
    shared = SharedAnalyses(world.feed)

    def take(since: events.Position | None) -> Any:
        return shared.run("acme", "hooks", world.analyze, since)

    watchers = [Watcher(world.feed, "acme", "hooks", take, min_interval=AT_ONCE).watch("") for _ in range(20)]
    for watching in watchers:
        await next_of(watching)
    for units in range(1, 4):
        await world.count()
        assert {(await next_of(watching)).analysis.counts for watching in watchers} == {units}
    assert world.analysis_count == 20 + 3


async def test_analyses_keep_their_minimum_interval(world: World) -> None:
    async with world.watch(min_interval=NEVER) as watching:
        await next_of(watching)
        await world.count()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watching), 0.05)
    assert world.analysis_count == 1


async def test_changes_of_other_experiments_wake_no_watcher(world: World) -> None:
    async with world.watch() as watching:
        await next_of(watching)
        await world.tell("captions")
        await world.tell("hooks", workspace="elsewhere")
        await world.tell("hooks", topic=POST_CHANGED)
        await world.count()
        assert (await next_of(watching)).analysis.counts == 1
    assert world.analysis_count == 2


async def test_an_event_without_a_change_sends_a_keep_alive(world: World) -> None:
    async with world.watch() as watching:
        await next_of(watching)
        await world.tell("hooks")
        assert not (await next_of(watching)).is_new


async def test_keep_alives_find_changes_without_an_event(world: World) -> None:
    """A server that is killed between the commit and its event publishes nothing; time also changes verdicts."""
    async with world.watch(bookmark_every=timedelta(milliseconds=5)) as watching:
        await next_of(watching)
        assert not (await next_of(watching)).is_new
        world.units = 7
        while not (seen := await next_of(watching)).is_new:
            pass
    assert seen.analysis.counts == 7


@pytest.mark.parametrize("state", [ExperimentState.COMPLETED, ExperimentState.ARCHIVED])
async def test_a_watch_ends_with_the_experiment_after_a_last_analysis(world: World, state: ExperimentState) -> None:
    async with world.watch() as watching, soon():
        await anext(watching)
        world.experiment = SimpleNamespace(version=2, state=state)
        await world.tell("hooks", topic=EXPERIMENT_CHANGED)
        received = [seen async for seen in watching]
    assert [seen.analysis.experiment.state for seen in received] == [state]
    async with world.watch() as watching, soon():
        assert len([seen async for seen in watching]) == 1, "of one that has ended it tells what it came to"
    assert world.feed.followers == 0


async def test_a_resumed_watch_sends_changes_since_then_once(world: World) -> None:
    async with world.watch() as watching:
        known = await next_of(watching)
    await world.count()
    async with world.watch(known.cursor) as watching:
        missed = await next_of(watching)
    assert missed.analysis.counts == 1
    async with world.watch(missed.cursor) as watching:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watching), 0.05)


async def test_a_watch_resumed_after_the_end_sends_the_end(world: World) -> None:
    async with world.watch() as watching:
        known = await next_of(watching)
    world.experiment = SimpleNamespace(version=2, state=ExperimentState.COMPLETED)
    async with world.watch(known.cursor) as watching, soon():
        assert [seen.analysis.experiment.state async for seen in watching] == [ExperimentState.COMPLETED]


async def test_a_damaged_cursor_is_refused(world: World) -> None:
    async with world.watch("x") as watching:
        with pytest.raises(InvalidArgument):
            await next_of(watching)


async def test_many_batches_publish_one_event(world: World) -> None:
    durable: list[str] = []

    async def make_durable() -> None:
        durable.append("before the notice")

    notices = CountNotifier(world.executor, make_durable)
    for _ in range(100):
        notices.note("acme", ["hooks", "captions"])
    before = world.feed.cursor
    await notices.publish()
    received = await world.executor.read(
        lambda: events.read_after(world.database, events.decode_cursor(before), topics=(EXPERIMENT_COUNTED,))
    )
    assert [(event.workspace, event.subject_id) for event in received] == [("acme", "captions"), ("acme", "hooks")]
    assert durable == ["before the notice"]


async def test_events_that_could_not_be_published_are_published_later(world: World) -> None:
    away = True

    async def make_durable() -> None:
        if away:
            raise Unavailable("the database is away", reason="DATABASE_UNAVAILABLE")

    notices = CountNotifier(world.executor, make_durable)
    notices.note("acme", ["hooks"])
    with pytest.raises(Unavailable):
        await notices.publish()
    away = False
    async with world.watch() as watching:
        await next_of(watching)
        world.units = 1
        await notices.publish()
        assert (await next_of(watching)).analysis.counts == 1
