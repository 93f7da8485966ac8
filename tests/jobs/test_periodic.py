"""Jobs by the clock: once for the whole deployment, whatever else goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from groundswell_server.jobs.periodic import HOUSEKEEPING, Timekeeper, purge_events, purge_request_ids, seal_audit
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings, load
from groundswell_storage.audit import audit, audit_chain
from groundswell_storage.calls import idempotency
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from groundswell_storage.events import events
from groundswell_storage.jobs import schedules
from tests.jobs.running import ask, look, take
from tests.jobs.tiny_jobs import PERIODIC, effects

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def keeper(database: Database, jobs: Sequence[Periodic] = ()) -> Timekeeper:
    """The timekeeper of one worker."""
    return Timekeeper(database, load(), jobs)


def test_a_job_that_is_due_runs_on_one_of_many_workers(database: Database) -> None:
    for _ in range(3):
        keeper(database, PERIODIC).tick()
    assert effects(database) == 1


def test_a_job_is_not_asked_for_at_every_tick(database: Database) -> None:
    one = keeper(database, PERIODIC)
    for _ in range(3):
        one.tick()
    assert effects(database) == 1


def test_a_job_that_fails_keeps_no_other_from_running(database: Database) -> None:
    def unavailable(database: Database, settings: Settings) -> None:
        raise Unavailable("not now")

    def broken(database: Database, settings: Settings) -> None:
        raise ZeroDivisionError

    failing = [Periodic("a", timedelta(days=1), unavailable), Periodic("b", timedelta(days=1), broken)]
    keeper(database, [*failing, *PERIODIC]).tick()
    assert effects(database) == 1


def test_a_lapsed_lease_is_noticed_by_whoever_looks(database: Database) -> None:
    asked = ask(database)
    take(database, timedelta(seconds=-1))
    assert keeper(database).tick() == 1
    assert look(database, asked).state == "PENDING"


def test_the_suite_keeps_itself_tidy(database: Database) -> None:
    keeper(database, HOUSEKEEPING).tick()
    for job in HOUSEKEEPING:
        assert schedules.last_run(database, job.name)


def test_old_answers_to_repeated_calls_are_forgotten(database: Database) -> None:
    with database.scope("default", now=LONG_AGO) as scope:
        idempotency.remember(scope, "old", "/method", b"digest", b"answer")
    with database.scope("default") as scope:
        idempotency.remember(scope, "new", "/method", b"digest", b"answer")
    purge_request_ids(database, load())
    with database.scope("default", now=LONG_AGO) as scope:
        assert idempotency.find(scope, "old", "/method", b"digest") is None
        assert idempotency.find(scope, "new", "/method", b"digest") == b"answer"


def test_events_are_kept_as_long_as_the_setting_says(database: Database) -> None:
    for now in (LONG_AGO, datetime.now(UTC)):
        with database.scope("default", now=now) as scope:
            scope.publish("thing.happened", "", {})
    purge_events(database, load(event_retention_days=1))
    kept = events.read_after(database, events.START)
    assert len(kept) == 1
    assert kept[0].time > LONG_AGO


def test_what_is_on_the_audit_log_is_sealed(database: Database, tmp_path: Path) -> None:
    settings = load(master_key_file=tmp_path / "master.key")
    seal_audit(database, settings)
    assert not settings.master_key_file.exists()
    with database.scope("default") as scope:
        audit.record(scope, "door.painted", "door/1")
    seal_audit(database, settings)
    seal_audit(database, settings)
    assert not audit_chain.any_unsealed(database)
    assert database.execute("SELECT number, entries FROM audit_batch").fetchall() == [(1, 1)]
