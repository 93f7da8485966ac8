"""The event feed: in order, without gaps, across processes, in bounded memory."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from groundswell_storage import errors
from groundswell_storage.database import Database, connect
from groundswell_storage.events import events
from groundswell_storage.events.feed import Batch, EventFeed
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.scope import Scope

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEVER = timedelta(hours=1)
INSERT_SILENTLY = (
    "INSERT INTO event (xid, workspace, topic, subject_id, payload, create_time) VALUES "
    "(pg_current_xact_id()::text::bigint, 'acme', 'post.created', %s, '{}', 0)"
)
"""Writes an event on PostgreSQL without a notification."""


@asynccontextmanager
async def feeding(database: Database, **options: Any) -> AsyncIterator[EventFeed]:
    executor = DatabaseExecutor(database)
    # The slow poll is off except in its own tests, so that the feed wakes only for the tested reason.
    feed = EventFeed(executor, **{"poll": NEVER, **options})
    await feed.start()
    try:
        yield feed
    finally:
        await feed.close()
        executor.close()


async def publish(
    feed: EventFeed, database: Database, *subjects: str, workspace: str = "acme", topic: str = "post.created"
) -> None:
    def work() -> None:
        for subject in subjects:
            Scope(database, workspace, "tester", NOON).publish(topic, subject, {})

    await feed._executor.write(work)


async def followed_by(feed: EventFeed, count: int) -> None:
    while feed.followers < count:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)


async def take(following: AsyncIterator[Batch], count: int) -> list[str]:
    """Returns the subjects of the next events, at least `count`."""
    found: list[str] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += [event.subject_id for event in (await anext(following)).events]
    return found


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())


def test_followers_get_events_as_they_commit(database: Database):
    async def test() -> None:
        async with feeding(database) as feed:
            await publish(feed, database, "before")
            async with aclosing(feed.follow(events.encode_cursor(events.latest_position(database)))) as following:
                await publish(feed, database, "a", "b")
                assert await take(following, 2) == ["a", "b"]
                await publish(feed, database, "c")
                assert await take(following, 1) == ["c"]

    run(test)


def test_a_follower_starts_now_from_the_beginning_or_at_its_cursor(database: Database):
    async def test() -> None:
        with database.scope("acme") as scope:
            for subject in ("a", "b", "c"):
                scope.publish("post.created", subject, {})
        second = events.read_after(database, events.START)[1]
        async with feeding(database) as feed:
            async with aclosing(feed.follow("")) as following:
                assert await take(following, 3) == ["a", "b", "c"]
            async with aclosing(feed.follow(second.cursor)) as following:
                assert await take(following, 1) == ["c"]
            async with aclosing(feed.follow()) as following:
                waiting = asyncio.ensure_future(take(following, 1))
                await asyncio.sleep(0)
                await publish(feed, database, "d")
                assert await waiting == ["d"]

    run(test)


def test_a_follower_gets_its_topics_and_its_workspace_only(database: Database):
    async def test() -> None:
        async with feeding(database) as feed:
            start = feed.cursor
            async with aclosing(feed.follow(start, topics=["post.deleted"], workspace="acme")) as following:
                await publish(feed, database, "created")
                await publish(feed, database, "theirs", topic="post.deleted", workspace="rival")
                await publish(feed, database, "ours", topic="post.deleted")
                assert await take(following, 1) == ["ours"]
            async with aclosing(feed.follow(start, workspace="rival")) as following:
                assert await take(following, 1) == ["theirs"]

    run(test)


def test_a_follower_that_lags_behind_memory_reads_the_log_and_misses_nothing(database: Database):
    async def test() -> None:
        memory_of_ten = feeding(database, remembered=10, batch_size=7)
        async with memory_of_ten as feed, aclosing(feed.follow(feed.cursor)) as following:
            expected = []
            for number in range(10):
                subjects = [f"{number}-{index}" for index in range(10)]
                await publish(feed, database, *subjects)
                expected += subjects
            assert len(feed._recent) <= 10
            assert await take(following, 100) == expected
            await publish(feed, database, "at last")
            assert await take(following, 1) == ["at last"]

    run(test)


def test_a_batch_is_bounded(database: Database):
    async def test() -> None:
        async with feeding(database, batch_size=4) as feed:
            start = feed.cursor
            await publish(feed, database, *"abcdefghij")
            sizes = []
            async with aclosing(feed.follow(start)) as following:
                while sum(sizes) < 10:
                    sizes.append(len((await anext(following)).events))
            assert sizes == [4, 4, 2]

    run(test)


def test_silence_is_broken_by_a_sign_of_life_with_a_fresh_cursor(database: Database):
    async def test() -> None:
        async with feeding(database) as feed:
            start = feed.cursor
            async with aclosing(
                feed.follow(start, topics=["post.deleted"], heartbeat=timedelta(milliseconds=50))
            ) as following:
                await publish(feed, database, "not for it")
                async with asyncio.timeout(20):
                    while (batch := await anext(following)).cursor == start:
                        assert batch.events == ()
            assert batch.events == ()

    run(test)


def test_servers_hear_of_each_others_commits(postgresql_url: str):
    database = connect(postgresql_url)

    async def test() -> None:
        async with feeding(database) as here, feeding(database) as there, aclosing(there.follow()) as following:
            waiting = asyncio.ensure_future(take(following, 1))
            await followed_by(there, 1)
            await publish(here, database, "a")
            assert await waiting == ["a"]

    run(test)
    database.close()


def test_another_process_is_heard(database: Database, database_url: str):
    publisher = (
        "import sys\n"
        "from groundswell_storage.database import connect\n"
        "with connect(sys.argv[1]).scope('acme') as scope:\n"
        "    scope.publish('post.created', 'far', {})\n"
    )

    async def test() -> None:
        async with feeding(database) as feed, aclosing(feed.follow(feed.cursor)) as following:
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", publisher, database_url)
            assert await take(following, 1) == ["far"]
            assert await process.wait() == 0

    run(test)


def test_an_early_transaction_that_commits_late_is_followed(postgresql_url: str):
    database = connect(postgresql_url)

    async def test() -> None:
        async with feeding(database) as feed, aclosing(feed.follow(feed.cursor)) as following:
            slow = await psycopg.AsyncConnection.connect(postgresql_url)
            await slow.execute(INSERT_SILENTLY, ["early"])
            await publish(feed, database, "late")
            waiting = asyncio.ensure_future(take(following, 2))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            # This commit sends no notification: the feed knows of hidden events and looks again by itself.
            await slow.commit()
            assert await waiting == ["early", "late"]
            await slow.close()

    run(test)
    database.close()


def test_a_transaction_that_commits_while_the_feed_looks_is_followed(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
):
    database = connect(postgresql_url)
    asked = {"read_after": events.read_after, "has_hidden": events.has_hidden}

    async def test() -> None:
        slow = psycopg.connect(postgresql_url)
        async with feeding(database) as feed, aclosing(feed.follow(feed.cursor)) as following:
            slow.execute(INSERT_SILENTLY, ["early"])
            calls = []

            def commits_in_between(name: str) -> Callable[..., Any]:
                def ask(*args: Any, **kwargs: Any) -> Any:
                    calls.append(name)
                    # Not at once: the feed also receives its own notification of the late event.
                    if len(calls) == 12:
                        slow.commit()
                    return asked[name](*args, **kwargs)

                return ask

            for name in asked:
                monkeypatch.setattr(events, name, commits_in_between(name))
            await publish(feed, database, "late")
            assert await take(following, 2) == ["early", "late"]
        slow.close()

    run(test)
    database.close()


def test_a_listener_whose_connection_dies_listens_again(postgresql_url: str):
    database = connect(postgresql_url)

    async def test() -> None:
        async with feeding(database) as feed, aclosing(feed.follow(feed.cursor)) as following:
            async with await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as other:
                await other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            with psycopg.connect(postgresql_url) as silent:
                silent.execute(INSERT_SILENTLY, ["silent"])
            # It looks at once when it listens again, and finds the events that it missed.
            assert await take(following, 1) == ["silent"]

    run(test)
    database.close()


def test_the_slow_poll_finds_unannounced_events(postgresql_url: str):
    database = connect(postgresql_url)

    async def test() -> None:
        clock = feeding(database, poll=timedelta(milliseconds=50))
        async with clock as feed, aclosing(feed.follow(feed.cursor)) as following:
            with psycopg.connect(postgresql_url) as other:
                other.execute(INSERT_SILENTLY, ["silent"])
            assert await take(following, 1) == ["silent"]

    run(test)
    database.close()


def test_a_cursor_before_the_purged_events_is_refused(database: Database):
    async def test() -> None:
        with database.scope("acme", now=NOON) as scope:
            for subject in ("a", "b", "c"):
                scope.publish("post.created", subject, {})
        first = events.read_after(database, events.START)[0]
        with database.transaction():
            events.purge(database, timedelta(0), NOON + timedelta(days=1))
        async with feeding(database) as feed:
            with pytest.raises(errors.FailedPrecondition):
                await anext(feed.follow(first.cursor))
            with pytest.raises(errors.InvalidArgument):
                await anext(feed.follow("made up"))

    run(test)


def test_closing_ends_all_followers(database: Database):
    async def test() -> None:
        async with feeding(database) as feed:
            ended = asyncio.ensure_future(_drain(feed.follow()))
            await followed_by(feed, 1)
            await feed.close()
            async with asyncio.timeout(20):
                assert await ended == []
            assert feed.followers == 0

    run(test)


async def _drain(following: AsyncIterator[Batch]) -> list[Batch]:
    return [batch async for batch in following]


def test_hundreds_of_followers_cost_no_query_each(database: Database):
    async def test() -> None:
        reads: list[int] = []
        executor = DatabaseExecutor(
            database, observe=lambda kind, size, seconds: reads.append(size) if kind == "read" else None
        )
        feed = EventFeed(executor, poll=NEVER, watch=NEVER)
        await feed.start()
        following = [feed.follow(feed.cursor) for _ in range(300)]
        waiting = [asyncio.ensure_future(take(one, 1)) for one in following]
        await followed_by(feed, 300)
        reads.clear()
        await publish(feed, database, "a")
        assert await asyncio.gather(*waiting) == [["a"]] * 300
        assert sum(reads) < 30
        await feed.close()
        executor.close()

    run(test)
