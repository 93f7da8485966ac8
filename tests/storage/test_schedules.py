"""Periodic jobs: each run has one owner."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from groundswell_storage.database import Database
from groundswell_storage.jobs import schedules

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOURLY = timedelta(hours=1)


def claim(database: Database, minutes: int | None = None, name: str = "purge", every: timedelta = HOURLY) -> bool:
    now = None if minutes is None else NOON + timedelta(minutes=minutes)
    with database.transaction():
        return schedules.claim_due(database, name, every, now)


def test_a_job_is_due_at_first_and_then_once_per_period(database: Database):
    assert [minute for minute in (0, 1, 59, 60, 61, 150, 200, 210) if claim(database, minute)] == [0, 60, 150, 210]


def test_jobs_do_not_share_their_times(database: Database):
    assert claim(database, 0, "purge")
    assert claim(database, 0, "retrain")


def test_a_period_made_shorter_counts_from_the_last_run(database: Database):
    assert claim(database, 0)
    assert claim(database, 10, every=timedelta(minutes=10))


def test_the_databases_clock_decides_where_no_time_is_given(database: Database):
    before = database.now()
    assert claim(database)
    assert not claim(database)
    last = schedules.last_run(database, "purge")
    assert last is not None
    assert before <= last <= database.now()
    assert schedules.last_run(database, "unknown") is None


def test_of_many_servers_one_runs_the_job(database: Database):
    together = threading.Barrier(4, timeout=10)

    def server(_: int) -> bool:
        together.wait()
        won = claim(database)
        database.drop_connection()
        return won

    with ThreadPoolExecutor(4) as servers:
        assert sorted(servers.map(server, range(4))) == [False, False, False, True]
