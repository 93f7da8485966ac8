"""Worker processes that are killed, told to end, overtaken, or many."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psycopg
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from groundswell_storage.database import Database, connect
from groundswell_storage.jobs import operations
from groundswell_storage.jobs.operations import Operation
from tests.jobs.running import ask, lapse, look, run, take, worker_process
from tests.jobs.tiny_jobs import echo, effects
from tests.patience import eventually

once = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the kind of database makes no difference to."""


def pid_of_attempt(folder: Path, attempt: int) -> int:
    """The process that runs this attempt, once it does."""
    path = folder / f"attempt-{attempt}"
    eventually(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def ended(database: Database, asked: Operation) -> Operation:
    """The operation when it is done."""
    eventually(lambda: look(database, asked).is_done)
    return look(database, asked)


def test_work_that_waits_is_done_by_a_worker_process(database: Database, database_url: str) -> None:
    first = ask(database, request="before the worker")
    with worker_process(database_url):
        assert StringValue.FromString(ended(database, first).response or b"").value == "before the worker"
        later = ask(database, request="and after, without a wake-up")
        assert ended(database, later).state == "SUCCEEDED"


def test_work_of_a_worker_that_is_killed_is_taken_up_and_finished_once(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    asked = ask(database, "tiny.wait_for_file", str(tmp_path))
    with worker_process(database_url, job_lease_seconds=2) as victim:
        assert pid_of_attempt(tmp_path, 1) == victim.pid
        victim.kill()
        victim.wait(30)
        with worker_process(database_url, job_lease_seconds=2) as heir:
            assert pid_of_attempt(tmp_path, 2) == heir.pid
            (tmp_path / "go").touch()
            done = ended(database, asked)
    assert (done.state, done.attempt, effects(database)) == ("SUCCEEDED", 2, 2)  # the schedule's and the job's
    assert StringValue.FromString(done.response or b"").value == "attempt 2"


@once
def test_work_that_kills_every_worker_fails_at_last(database: Database, database_url: str, tmp_path: Path) -> None:
    asked = ask(database, "tiny.wait_for_file", str(tmp_path))
    for attempt in (1, 2, 3):
        with worker_process(database_url, job_lease_seconds=1) as victim:
            pid_of_attempt(tmp_path, attempt)
            victim.kill()
    with worker_process(database_url, job_lease_seconds=1):
        done = ended(database, asked)
    assert (done.state, done.error_reason, done.attempt) == ("FAILED", "ATTEMPTS_EXHAUSTED", 3)


def test_a_worker_told_to_end_gives_its_work_back_and_loses_no_attempt(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    asked = ask(database, "tiny.wait_for_file", str(tmp_path))
    with worker_process(database_url) as worker:
        pid_of_attempt(tmp_path, 1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    returned = look(database, asked)
    assert (returned.state, returned.attempt) == ("PENDING", 0)


@once
def test_a_worker_told_to_end_does_not_wait_for_a_job_that_never_looks_up(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    asked = ask(database, "tiny.never_look_up", str(tmp_path))
    with worker_process(database_url, grace_seconds=0.2) as worker:
        pid_of_attempt(tmp_path, 1)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    returned = look(database, asked)
    assert (returned.state, returned.attempt) == ("PENDING", 0)


@once
def test_a_worker_that_is_idle_ends_at_once(database: Database, database_url: str) -> None:
    asked = ask(database)
    with worker_process(database_url, grace_seconds=600) as worker:
        ended(database, asked)
        worker.send_signal(signal.SIGINT)
        assert worker.wait(60) == 0


@once
def test_a_job_is_cancelled_from_outside_while_it_runs(database: Database, database_url: str, tmp_path: Path) -> None:
    asked = ask(database, "tiny.wait_for_file", str(tmp_path))
    with worker_process(database_url):
        pid_of_attempt(tmp_path, 1)
        with database.scope("default") as scope:
            operations.request_cancel(scope, asked.id)
        assert ended(database, asked).state == "CANCELLED"


def test_a_worker_that_was_frozen_and_overtaken_changes_nothing_when_it_wakes(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    asked = ask(database, "tiny.never_look_up", str(tmp_path))
    with worker_process(database_url) as zombie:
        os.kill(pid_of_attempt(tmp_path, 1), signal.SIGSTOP)
        lapse(database, asked)
        run(database, take(database), echo)
        before = effects(database)
        (tmp_path / "go").touch()
        zombie.send_signal(signal.SIGCONT)
        eventually((tmp_path / "refused").exists)
    done = look(database, asked)
    assert (done.state, done.attempt) == ("SUCCEEDED", 2)
    assert StringValue.FromString(done.response or b"").value == str(tmp_path)
    assert effects(database) == before


def test_two_workers_share_the_work_and_run_a_schedule_once(database: Database, database_url: str) -> None:
    asked = [ask(database, request=str(number)) for number in range(20)]
    with worker_process(database_url), worker_process(database_url):
        done = [ended(database, operation) for operation in asked]
        eventually(lambda: effects(database))
        # Both have been through their first round of schedules when they take work asked for now.
        for _ in range(4):
            ended(database, ask(database))
    assert [(each.state, each.attempt) for each in done] == [("SUCCEEDED", 1)] * 20
    assert effects(database) == 1


def test_a_worker_outlives_the_loss_of_all_its_connections(postgresql_url: str, tmp_path: Path) -> None:
    database = connect(postgresql_url)
    asked = ask(database, "tiny.wait_for_file", str(tmp_path))
    database.drop_connection()
    with worker_process(postgresql_url):
        pid_of_attempt(tmp_path, 1)
        with psycopg.connect(postgresql_url, autocommit=True) as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        (tmp_path / "go").touch()
        assert (ended(database, asked).state, ended(database, asked).attempt) == ("SUCCEEDED", 1)
        assert ended(database, ask(database)).state == "SUCCEEDED"
    database.close()


def test_a_worker_does_not_start_with_a_queue_of_wake_ups_that_is_damaged(sqlite_url: str) -> None:
    Path(sqlite_url.removeprefix("sqlite:///") + "-jobs").write_bytes(b"this is no database at all, not in the least")
    with worker_process(sqlite_url) as worker:
        assert worker.wait(60) == 1
