"""Failures of databases: connections die, disks fill up, commits get no answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from groundswell_storage import errors
from groundswell_storage.database import Database, connect
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.scope import Scope

from .test_executor import Watched
from .wire import Wire

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def publishing(database: Database, subject: str) -> Callable[[], str]:
    def work() -> str:
        Scope(database, "acme", "tester", NOON).publish("post.created", subject, {})
        return subject

    return work


def subjects(database: Database) -> list[str]:
    return [subject for (subject,) in database.execute("SELECT subject_id FROM event ORDER BY subject_id").fetchall()]


def run(*calls: Callable[[], Any]) -> list[Any]:
    """Makes the calls on an event loop, all at once."""

    async def main() -> list[Any]:
        return await asyncio.gather(*(call() for call in calls), return_exceptions=True)

    return asyncio.run(main())


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[Database]:
    database = connect(postgresql_url)
    yield database
    database.close()


@pytest.fixture
def wire(postgresql_url: str, tmp_path: Path) -> Iterator[Wire]:
    with Wire(postgresql_url, tmp_path / "wire") as wire:
        yield wire


@pytest.fixture
def wired(wire: Wire) -> Iterator[Database]:
    database = connect(wire.url)
    yield database
    database.close()


def terminate_all(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_connection_that_was_terminated_is_replaced(postgresql: Database, postgresql_url: str):
    executor = DatabaseExecutor(postgresql, threads=1)
    assert run(lambda: executor.write(publishing(postgresql, "before"))) == ["before"]

    terminate_all(postgresql_url)
    assert run(lambda: executor.read(lambda: postgresql.execute("SELECT 7").fetchone()[0])) == [7]
    terminate_all(postgresql_url)
    assert run(lambda: executor.write(publishing(postgresql, "after"))) == ["after"]
    terminate_all(postgresql_url)
    with postgresql.scope("acme") as scope:
        scope.publish("post.created", "worker", {})

    executor.close()
    assert subjects(postgresql) == ["after", "before", "worker"]


def test_a_connection_that_dies_within_a_batch_loses_no_write(postgresql: Database, postgresql_url: str):
    executor = Watched(postgresql)
    deaths = []

    def dying() -> str:
        if not deaths:
            deaths.append(1)
            terminate_all(postgresql_url)
        return publishing(postgresql, "b")()

    async def main() -> list[Any]:
        release = executor.hold()
        waiting = [executor.write(work) for work in (publishing(postgresql, "a"), dying, publishing(postgresql, "c"))]
        release()
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert asyncio.run(main()) == ["a", "b", "c"]
    executor.close()
    assert subjects(postgresql) == ["a", "b", "c"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_without_an_answer_has_its_effect_once(wired: Database, wire: Wire, moment: Any):
    executor = DatabaseExecutor(wired, threads=1)
    assert run(lambda: executor.write(publishing(wired, "first"))) == ["first"]

    wire.cut = moment
    assert run(lambda: executor.write(publishing(wired, "second"))) == ["second"]

    executor.close()
    assert subjects(wired) == ["first", "second"]


def test_a_commit_of_a_worker_without_an_answer_has_its_effect_once(wired: Database, wire: Wire):
    with wired.scope("acme") as scope:
        scope.publish("post.created", "a", {})
        wire.cut = "after"

    assert subjects(wired) == ["a"]


def test_an_unknown_outcome_of_a_commit_is_reported_to_the_caller(wired: Database, wire: Wire):
    executor = DatabaseExecutor(wired, threads=1)
    run(lambda: executor.read(wired.now))

    def work() -> None:
        publishing(wired, "a")()
        wire.cut = "after"
        wire.dead = True

    (answer,) = run(lambda: executor.write(work))
    assert isinstance(answer, errors.Unavailable)
    assert answer.reason == "COMMIT_UNKNOWN"
    assert "request_id" in answer.message

    wire.dead = False
    assert run(lambda: executor.write(publishing(wired, "b"))) == ["b"]
    executor.close()


def test_a_database_out_of_reach_is_unavailable_until_it_is_back(wired: Database, wire: Wire):
    executor = DatabaseExecutor(wired, threads=1)
    wire.dead = True
    answers = run(
        lambda: executor.read(wired.now),
        lambda: executor.write(publishing(wired, "a")),
        lambda: executor.write(publishing(wired, "b")),
    )
    for answer in answers:
        assert isinstance(answer, errors.Unavailable)
        assert answer.reason == "DATABASE_UNAVAILABLE"
        assert answer.retry_after == timedelta(seconds=1)

    wire.dead = False
    assert run(lambda: executor.write(publishing(wired, "c"))) == ["c"]
    executor.close()
    assert subjects(wired) == ["c"]


def test_a_deadlock_is_resolved_by_trying_again_alone(postgresql: Database, postgresql_url: str):
    executor = DatabaseExecutor(postgresql, threads=1)
    with postgresql.scope("acme") as scope:
        scope.publish("post.created", "x", {})
        scope.publish("post.created", "y", {})
    attempts = []

    def crossing() -> str:
        postgresql.execute("UPDATE event SET topic = 'mine' WHERE subject_id = 'x'")
        if not attempts:
            other.execute("UPDATE event SET topic = 'other' WHERE subject_id = 'y'")
            # The other side checks for deadlocks much later, so that this side is the one that gives up.
            other.execute("SET deadlock_timeout = '60s'")
            elsewhere.submit(finish_other)
            wait_until_blocked(postgresql_url, other.info.backend_pid)
        attempts.append(1)
        postgresql.execute("UPDATE event SET topic = 'mine' WHERE subject_id = 'y'")
        return "done"

    def finish_other() -> None:
        other.execute("UPDATE event SET topic = 'other' WHERE subject_id = 'x'")
        other.commit()

    with psycopg.connect(postgresql_url) as other, ThreadPoolExecutor(1) as elsewhere:
        assert run(lambda: executor.write(crossing)) == ["done"]
    assert len(attempts) == 2
    executor.close()


def wait_until_blocked(postgresql_url: str, backend: int) -> None:
    """Returns when this backend waits for a lock of another."""
    with psycopg.connect(postgresql_url, autocommit=True) as watcher:
        while not watcher.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [backend]).fetchone()[0]:
            pass


def test_a_full_disk_is_said_plainly_and_reads_go_on(sqlite_url: str):
    database = connect(sqlite_url)
    executor = Watched(database)

    def fill() -> None:
        database.execute("PRAGMA max_page_count = 1")  # SQLite uses the current size if that is larger

    def big() -> None:
        Scope(database, "acme", "tester", NOON).publish("post.created", "big", {"text": "x" * 100_000})

    run(lambda: executor.read(fill))

    async def main() -> list[Any]:
        release = executor.hold()
        waiting = [executor.write(publishing(database, "small")), executor.write(big)]
        release()
        return await asyncio.gather(*waiting, return_exceptions=True)

    small, full = asyncio.run(main())

    assert small == "small"
    assert isinstance(full, errors.ResourceExhausted)
    assert full.reason == "DATABASE_FULL"
    assert "free some space" in full.message
    assert run(lambda: executor.read(lambda: subjects(database))) == [["small"]]
    executor.close()
    database.close()


def test_a_read_only_database_refuses_writes_and_serves_reads(postgresql: Database):
    executor = DatabaseExecutor(postgresql, threads=1)

    def insert_in_a_replica() -> None:
        postgresql.execute("SET LOCAL transaction_read_only = on")
        publishing(postgresql, "a")()

    (refused,) = run(lambda: executor.write(insert_in_a_replica))
    assert isinstance(refused, errors.Unavailable)
    assert refused.reason == "DATABASE_READ_ONLY"
    assert run(lambda: executor.read(lambda: subjects(postgresql))) == [[]]
    executor.close()


def test_a_file_without_write_access_is_reported(tmp_path: Path, sqlite_url: str):
    database = connect(sqlite_url)

    # The tests may run as a user whom permissions do not restrict; SQLite's own switch gives the same error.
    def write() -> None:
        with database.scope("acme") as scope:
            database.execute("PRAGMA query_only = 1")
            scope.publish("post.created", "a", {})

    with pytest.raises(errors.Unavailable) as refused:
        write()
    assert refused.value.reason == "DATABASE_READ_ONLY"
    assert "write access" in refused.value.message
    database.close()


def test_a_database_held_by_another_process_is_busy(sqlite_url: str):
    database = connect(sqlite_url)
    database.engine.timeout = 0.05
    holder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(errors.Unavailable) as refused, database.scope("acme"):
        pass
    assert refused.value.reason == "DATABASE_BUSY"
    holder.execute("ROLLBACK")
    with database.scope("acme") as scope:
        scope.publish("post.created", "a", {})
    assert subjects(database) == ["a"]
    holder.close()
    database.close()


def test_a_damaged_file_is_said_plainly(tmp_path: Path):
    (tmp_path / "broken.db").write_bytes(b"this is not a database" * 100)
    database = connect(f"sqlite:///{tmp_path / 'broken.db'}")
    with pytest.raises(errors.DataLoss) as refused:
        database.check()
    assert refused.value.reason == "DATABASE_DAMAGED"
    assert "backup" in refused.value.message


@pytest.mark.parametrize(
    "url", ["", "mysql://x/y", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://relative.db", "nonsense"]
)
def test_a_wrong_url_is_refused_with_the_forms_that_work(url: str):
    with pytest.raises(ValueError, match=r"sqlite:///relative\.db"):
        connect(url)


def test_a_password_is_not_shown():
    database = connect("postgresql://ann:s3cret@db.example/name")
    assert database.shown_url == "postgresql://ann:**********@db.example/name"
