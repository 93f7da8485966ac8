"""Retention of event ids: counts stay after the removal of ids, and no event counts twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundswell_server.experiments import jobs
from groundswell_server.experiments.counting.event_transaction import record_events
from groundswell_server.experiments.counting.events import Outcome
from groundswell_server.settings import Settings, SettingsError, load
from groundswell_storage.database import Database
from groundswell_storage.experiments import event_ids, unit_counts
from groundswell_storage.ids import derived_uuid7
from tests.experiments.counted import start
from tests.experiments.sent import Sent, batch, event

MONTH = Settings(experiment_event_retention_days=30)


def begin(database: Database, key: str = "hooks") -> int:
    """Starts an experiment long before all events; returns its number."""
    with database.scope("default", now=database.now() - timedelta(days=5_000)) as scope:
        return start(scope, key).number


def happened(database: Database, unit: str, days_ago: float, key: str = "hooks") -> Sent:
    moment = database.now() - timedelta(days=days_ago)
    return event(unit, "conversion", id=derived_uuid7(moment, unit), time=moment, experiment_key=key)


def record(database: Database, *events: Sent) -> Outcome:
    with database.scope("default") as scope:
        return record_events(scope, batch(scope, *events)).outcome


def kept(database: Database) -> int:
    found: int = database.execute("SELECT count(*) FROM experiment_event").fetchone()[0]
    return found


def sums(database: Database, number: int) -> object:
    with database.scope("default") as scope:
        return unit_counts.read_units(scope, number), unit_counts.read_sums(scope, number)


def test_counts_stay_and_no_event_counts_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_BATCH_SIZE", 2)  # so that five take three transactions
    numbers = [begin(database, key) for key in ("hooks", "doors")]
    old = [happened(database, f"reader-{number}", 40, key) for number in range(5) for key in ("hooks", "doors")]
    young = happened(database, "late", 20)
    assert record(database, *old, young).recorded_count == 11
    before = [sums(database, number) for number in numbers]

    jobs.remove_event_ids(database, MONTH)
    assert kept(database) == 11  # a concurrent recording may not know the horizon yet
    assert {one.reason for one in record(database, *old, young).refused} == {"EVENT_TOO_OLD"}
    jobs.remove_event_ids(database, MONTH)
    assert kept(database) == 1

    again = record(database, *old, young)
    assert (again.recorded_count, again.duplicate_count, len(again.refused)) == (0, 1, 10)
    assert "no longer detected" in again.refused[0].message
    assert [sums(database, number) for number in numbers] == before


def test_removed_ids_stay_refused_after_a_longer_retention(database: Database) -> None:
    begin(database)
    jobs.remove_event_ids(database, MONTH)
    for longer in (Settings(experiment_event_retention_days=400), Settings(experiment_event_retention_days=0)):
        jobs.remove_event_ids(database, longer)
        assert [one.reason for one in record(database, happened(database, "ana", 40)).refused] == ["EVENT_TOO_OLD"]


def test_without_a_retention_no_id_is_removed_or_refused(database: Database) -> None:
    begin(database)
    for _ in range(2):
        jobs.remove_event_ids(database, Settings(experiment_event_retention_days=0))
    assert record(database, happened(database, "ana", 4_000)).recorded_count == 1
    assert record(database, happened(database, "ana", 4_000)).refused == ()
    assert kept(database) == 2


def test_only_old_ids_read_the_horizon(database: Database) -> None:
    now = database.now()
    for days, recent in ((0, True), (29, True), (31, False)):
        id = bytes.fromhex(derived_uuid7(now - timedelta(days=days), "ana").replace("-", ""))
        assert event_ids.is_recent(id, now) is recent
    assert not event_ids.is_recent(b"", now)


def test_a_retention_shorter_than_the_horizon_can_be_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"GROUNDSWELL_EXPERIMENT_EVENT_RETENTION_DAYS.*at least 30"):
        load(experiment_event_retention_days=7)
