"""The database executor: work on threads, commits shared, failures not."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from groundswell_storage import errors
from groundswell_storage.database import Database, connect
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.scope import Scope

from .conftest import DraftRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Watched(DatabaseExecutor):
    """An executor of one thread that records its batches and can be blocked, so that work queues behind it."""

    def __init__(self, database: Database, **options: Any) -> None:
        self.batches: list[tuple[str, int]] = []
        super().__init__(
            database, threads=1, observe=lambda kind, size, seconds: self.batches.append((kind, size)), **options
        )

    def hold(self) -> Callable[[], None]:
        """Keeps the thread busy until the returned function is called."""
        gate, entered = threading.Event(), threading.Event()

        def wait() -> None:
            entered.set()
            gate.wait(10)

        self.read(wait)
        entered.wait(10)
        self.batches.clear()
        return gate.set


@pytest.fixture
def executor(database: Database, drafts: type[DraftRow]) -> Iterator[Watched]:
    executor = Watched(database)
    yield executor
    executor.close()


def adding(database: Database, id: str, *, error: BaseException | None = None) -> Callable[[], str]:
    """Returns work that adds a draft, and raises afterwards if asked to."""

    def work() -> str:
        Scope(database, "acme", "tester", NOON).insert(DraftRow, id=id)
        if error is not None:
            raise error
        return id

    return work


def stored(database: Database) -> list[str]:
    return [id for (id,) in database.execute("SELECT id FROM draft ORDER BY id").fetchall()]


async def outcomes(*waiting: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*waiting, return_exceptions=True)


def test_writes_that_wait_share_a_commit(database: Database, executor: Watched):
    async def run() -> list[Any]:
        release = executor.hold()
        waiting = [executor.write(adding(database, f"d{number}")) for number in range(5)]
        assert executor.backlog == 5
        release()
        return await outcomes(*waiting)

    assert asyncio.run(run()) == ["d0", "d1", "d2", "d3", "d4"]
    executor.close()
    assert executor.batches[-1] == ("write", 5)
    assert stored(database) == ["d0", "d1", "d2", "d3", "d4"]


FULL, NORMAL = 2, 1


def test_sqlite_waits_for_the_disk_where_a_sharer_of_the_commit_needs_it(sqlite_url: str):
    database = connect(sqlite_url)
    executor = Watched(database)

    def synchronous() -> int:
        level: int = database.execute("PRAGMA synchronous").fetchone()[0]
        return level

    async def main() -> list[Any]:
        alone = [await executor.write(synchronous, durable=durable) for durable in (True, False, False, True)]
        await executor.write(synchronous, durable=False)
        release = executor.hold()
        waiting = [executor.write(synchronous, durable=durable) for durable in (False, True)]
        release()
        return [alone, await outcomes(*waiting)]

    assert asyncio.run(main()) == [[FULL, NORMAL, NORMAL, FULL], [FULL, FULL]]
    executor.close()
    database.close()


def test_a_failing_write_fails_no_other(database: Database, executor: Watched):
    async def run() -> list[Any]:
        release = executor.hold()
        waiting = [
            executor.write(adding(database, "d0")),
            executor.write(adding(database, "d1", error=errors.NotFound("post", "p1"))),
            executor.write(adding(database, "d0")),  # violates the primary key
            executor.write(adding(database, "d3")),
            executor.write(adding(database, "d4", error=StopIteration())),
            executor.write(adding(database, "d5", error=SystemExit())),
        ]
        release()
        return await outcomes(*waiting)

    first, missing, duplicate, third, stopped, left = asyncio.run(run())

    assert (first, third) == ("d0", "d3")
    assert isinstance(missing, errors.NotFound)
    assert type(duplicate).__name__ == "IntegrityError"
    assert isinstance(stopped, RuntimeError)
    assert isinstance(left, SystemExit)
    assert stored(database) == ["d0", "d3"]


def test_work_that_swallows_a_database_error_is_not_acknowledged(database: Database, executor: Watched):
    def careless() -> str:
        Scope(database, "acme", "tester", NOON).insert(DraftRow, id="lost")
        with contextlib.suppress(Exception):
            database.execute("SELECT * FROM no_such_table")
        return "done"

    async def run() -> list[Any]:
        release = executor.hold()
        waiting = [executor.write(work) for work in (adding(database, "d0"), careless, adding(database, "d2"))]
        release()
        return await outcomes(*waiting, executor.write(careless))

    first, middle, last, alone = asyncio.run(run())

    assert (first, last) == ("d0", "d2")
    # SQLite continues after an error, PostgreSQL cannot: on both, the stored rows are those that were answered.
    acknowledged = [answer == "done" for answer in (middle, alone)]
    assert any(acknowledged) == ("lost" in stored(database))
    if database.dialect == "postgresql":
        assert acknowledged == [False, False]


def test_reads_that_wait_are_answered_with_one_wake_up(database: Database, executor: Watched):
    async def run() -> list[Any]:
        release = executor.hold()
        waiting = [executor.read(lambda number=number: number) for number in range(10)]
        release()
        return await outcomes(*waiting)

    assert asyncio.run(run()) == list(range(10))
    executor.close()
    assert executor.batches[-1] == ("read", 10)


def test_a_read_cannot_change_anything(database: Database, executor: Watched):
    async def run() -> list[Any]:
        return await outcomes(executor.read(adding(database, "d0")))

    (refused,) = asyncio.run(run())
    assert isinstance(refused, Exception)
    assert stored(database) == []


def test_a_batch_has_a_limit(database: Database, drafts: type[DraftRow]):
    executor = Watched(database, max_batch=4)

    async def run() -> None:
        release = executor.hold()
        waiting = [executor.write(adding(database, f"d{number}")) for number in range(10)]
        release()
        await outcomes(*waiting)

    asyncio.run(run())
    executor.close()
    assert [size for _, size in executor.batches if size] == [1, 4, 4, 2]


def test_too_long_a_queue_is_refused(database: Database, drafts: type[DraftRow]):
    executor = Watched(database, max_queue=2)

    async def run() -> None:
        release = executor.hold()
        waiting = [executor.read(lambda: 1), executor.read(lambda: 2)]
        with pytest.raises(errors.ResourceExhausted) as refused:
            executor.read(lambda: 3)
        assert refused.value.reason == "QUEUE_FULL"
        assert refused.value.retry_after is not None
        release()
        assert await outcomes(*waiting) == [1, 2]

    asyncio.run(run())
    executor.close()


def test_work_of_a_caller_that_has_gone_is_not_done(database: Database, executor: Watched):
    async def run() -> None:
        release = executor.hold()
        gone = asyncio.ensure_future(executor.write(adding(database, "gone")))
        stays = executor.write(adding(database, "stays"))
        gone.cancel()
        release()
        await stays

    asyncio.run(run())
    assert stored(database) == ["stays"]


def test_the_number_of_events_is_reported_with_each_commit(database: Database, executor: Watched):
    told: list[int] = []
    executor.on_commit.append(told.append)

    def publishing() -> None:
        scope = Scope(database, "acme", "tester", NOON)
        scope.publish("draft.created", "d1", {})
        scope.publish("draft.created", "d2", {})

    async def run() -> None:
        await executor.write(publishing)
        await executor.write(adding(database, "d1"))
        await outcomes(executor.write(adding(database, "d2", error=ValueError())))
        await executor.read(lambda: None)

    asyncio.run(run())
    assert told == [2, 0]


def test_work_sees_the_context_of_its_caller(executor: Watched):
    caller = contextvars.ContextVar("caller", default="nobody")

    async def run() -> list[Any]:
        caller.set("request 7")
        return await outcomes(executor.read(caller.get), executor.write(caller.get))

    assert asyncio.run(run()) == ["request 7", "request 7"]


def test_closing_finishes_waiting_work_and_refuses_later_work(database: Database, drafts: type[DraftRow]):
    executor = DatabaseExecutor(database)

    async def run() -> list[Any]:
        waiting = [executor.write(adding(database, f"d{number}")) for number in range(20)]
        executor.close()
        with pytest.raises(errors.Unavailable) as refused:
            executor.read(lambda: 1)
        assert refused.value.reason == "SHUTTING_DOWN"
        return await outcomes(*waiting)

    assert len(asyncio.run(run())) == 20
    assert len(stored(database)) == 20


def test_many_callers_at_once_lose_nothing(database: Database, drafts: type[DraftRow]):
    executor = DatabaseExecutor(database, max_batch=16)

    async def caller(name: int) -> None:
        for number in range(20):
            id = await executor.write(adding(database, f"d{name:02}-{number:02}"))
            found = await executor.read(lambda id=id: Scope(database, "acme", "tester", NOON).get(DraftRow, id))
            assert found.id == id

    async def run() -> None:
        await asyncio.gather(*(caller(name) for name in range(20)))

    asyncio.run(run())
    executor.close()
    assert len(stored(database)) == 400
