"""The queue of wake-ups: between processes, once each, and never the truth."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groundswell_server.jobs.wakeups import WakeUps
from groundswell_server.settings import SettingsError


@pytest.fixture
def worker(database_url: str) -> Iterator[WakeUps]:
    wake_ups = WakeUps(database_url)
    yield wake_ups
    wake_ups.close()


@pytest.fixture
def server(database_url: str) -> Iterator[WakeUps]:
    wake_ups = WakeUps(database_url)
    yield wake_ups
    wake_ups.close()


def test_a_wake_up_reaches_one_worker_once(server: WakeUps, worker: WakeUps) -> None:
    server.send()
    assert worker.wait(30)
    assert not worker.wait(0.01)


def test_a_worker_that_waits_already_is_woken(server: WakeUps, worker: WakeUps) -> None:
    with ThreadPoolExecutor(1) as pool:
        woken = pool.submit(worker.wait, 60)
        server.send()
        assert woken.result(60)
        pool.submit(worker.close).result()


def test_many_processes_may_open_a_new_queue_at_the_same_moment(database_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        for opened in pool.map(WakeUps, [database_url] * 8):
            opened.close()


def test_nothing_in_the_queue_can_run_code_in_a_worker(sqlite_url: str) -> None:
    wake_ups = WakeUps(sqlite_url)
    wake_ups.send()
    wake_ups.close()
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///") + "-jobs") as queue:
        (found,) = queue.execute("SELECT data FROM task").fetchone()
    assert bytes(found).startswith(b"["), "JSON, which can't; Huey's own choice, pickle, can"


def test_cockroachdb_has_no_queue_and_needs_none() -> None:
    wake_ups = WakeUps("cockroachdb://nobody@nowhere/nothing")
    assert not wake_ups.wait(0.01)


def test_a_wrong_address_of_the_queue_says_which_setting_it_is(sqlite_url: str) -> None:
    with pytest.raises(SettingsError, match="GROUNDSWELL_JOBS_URL"):
        WakeUps(sqlite_url, "amqp://localhost")


def test_redis_without_its_library_says_what_to_install(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huey.storage.Redis", None)
    with pytest.raises(SettingsError, match="pip install redis"):
        WakeUps(sqlite_url, "redis://localhost:6379/0")


def test_the_queue_beside_a_database_is_its_owners_alone(tmp_path: Path) -> None:
    WakeUps(f"sqlite:///{tmp_path}/x.db").close()
    assert stat.S_IMODE((tmp_path / "x.db-jobs").stat().st_mode) == 0o600
