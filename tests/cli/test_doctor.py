"""What `groundswell doctor` finds of what a deployment relies on, asked as the command asks it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from groundswell_server.cli.doctor import surroundings
from groundswell_server.cli.doctor.check_result import CheckResult
from groundswell_server.cli.doctor.database import database as examine
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases, operations
from tests.running import RunningServer

NOBODY = "127.0.0.1:1"


def jobs(database: Database) -> list[CheckResult]:
    return [one for one in examine(Settings(database_url=database.url)) if one.check == "jobs"]


def ask(database: Database, ago: timedelta) -> None:
    with database.scope("ours", now=database.now() - ago) as scope:
        operations.create(scope, "learning.train_model", b"")


def test_jobs_that_nobody_takes_are_told_once_they_wait_for_long(database: Database) -> None:
    ask(database, timedelta(seconds=1))
    (found,) = jobs(database)
    assert (found.level, found.message) == ("ok", "1 waiting, 0 running")
    ask(database, timedelta(hours=1))
    (found,) = jobs(database)
    assert (found.level, found.message) == ("warn", "1 wait for a worker for longer than 60 s")
    assert "groundswell worker" in found.cure


def test_jobs_that_wait_on_purpose_are_none_of_them(database: Database) -> None:
    ask(database, timedelta(hours=1))
    with database.transaction():
        claimed = leases.claim(database, timedelta(minutes=1))
        assert claimed is not None
        leases.postpone(database, claimed.id, claimed.lease_token, timedelta(hours=1), "waits for the limit")
    assert [one.level for one in jobs(database)] == ["ok"]


def test_jobs_that_have_lost_their_worker_are_told(database: Database) -> None:
    ask(database, timedelta(hours=1))
    with database.transaction():
        leases.claim(database, timedelta(minutes=-2))
    (found,) = jobs(database)
    assert (found.level, found.message[:27]) == ("warn", "1 have lost their worker, a")


def test_due_migrations_are_told_and_nothing_else_is_asked(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    found = {one.check: one for one in examine(Settings(database_url=f"sqlite:///{tmp_path / 'new.db'}"))}
    assert found["schema"].level == "warn"
    assert "migrations are due" in found["schema"].message
    assert "groundswell migrate" in found["schema"].cure
    assert "jobs" not in found


def test_a_file_is_written_read_and_removed_where_models_are_kept(tmp_path: Path) -> None:
    found = surroundings.model_store(Settings(ml_model_path=f"file://{tmp_path / 'models'}"))
    assert (found.level, found.message) == ("ok", "a file was written, read and removed")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_store_that_takes_no_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("no folder")
    for path in (f"file://{tmp_path / 'models'}", "nonsense://models"):
        found = surroundings.model_store(Settings(ml_model_path=path))
        assert found.level == "fail"
        assert "GROUNDSWELL_ML_MODEL_PATH" in found.cure


@pytest.mark.parametrize(
    ("check", "settings", "cure"),
    [
        (surroundings.job_queue, {"jobs_url": f"redis://:hush@{NOBODY}/0"}, "GROUNDSWELL_JOBS_URL"),
        (surroundings.job_queue, {"jobs_url": "http://localhost"}, "GROUNDSWELL_JOBS_URL"),
        (surroundings.training, {"training_backend": "dask", "dask_scheduler": "nonsense://x"}, "DASK_SCHEDULER"),
    ],
)
def test_what_does_not_answer_is_told_with_its_setting(check: Any, settings: dict[str, str], cure: str) -> None:
    found = check(Settings(**settings))
    assert found.level == "fail"
    assert cure in found.cure
    assert "hush" not in repr(found)


def test_what_is_not_set_is_not_asked_for() -> None:
    settings = Settings()
    found = [surroundings.model_store(settings), surroundings.job_queue(settings), surroundings.training(settings)]
    assert [(one.level, one.cure) for one in found] == [("ok", "")] * 3
    assert list(surroundings.peers(settings)) == []


def test_peers_are_asked_whether_they_serve_what_they_should(sqlite_url: str) -> None:
    with RunningServer(sqlite_url, services=("learning", "operations")) as server:
        address = f"127.0.0.1:{server.app.port}"
        peers = {"learning": address, "experiments": address, "engagement": NOBODY, "lerning": address}
        found = {one.check: one for one in surroundings.peers(Settings(peers=peers))}
    assert (found["peer learning"].level, found["peer learning"].message) == ("ok", f"{address} serves it")
    assert found["peer experiments"].message == f"{address}: does not serve it"
    assert "there is no service 'lerning'" in found["peer lerning"].message
    for name in ("experiments", "engagement", "lerning"):
        assert found[f"peer {name}"].level == "fail"
        assert "GROUNDSWELL_PEERS" in found[f"peer {name}"].cure
