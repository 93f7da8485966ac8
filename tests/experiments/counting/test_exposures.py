"""Exposures are buffered in memory until they are durable, also after failures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.catalog.catalog import read_assigners
from groundswell_server.experiments.counting.exposures import GATHER_SECONDS, Exposures, gather_seconds
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_server.experiments.interim_analysis import runner
from groundswell_server.experiments.interim_analysis.interim_analysis import analyze
from groundswell_storage.database import Database
from groundswell_storage.errors import Unavailable
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.experiments import unit_counts

HOOKS = cast("Assigner", SimpleNamespace(key="hooks", number=1, bucket_version=1, phase=3, is_computed=True))


class BreaksOnce:
    """An executor whose first write fails; it records the other writes."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.written: list[dict[Any, dict[str, int]]] = []
        self.durable: list[bool] = []

    async def write(self, work: Callable[[], None], *, durable: bool) -> None:
        self.durable.append(durable)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        assert isinstance(work, partial)
        self.written.append(work.args[1])


@pytest.mark.parametrize("error", [Unavailable("the database is away"), ZeroDivisionError()])
def test_exposures_that_could_not_be_written_stay_buffered(error: Exception) -> None:
    executor = BreaksOnce(error)
    exposures = Exposures(cast("DatabaseExecutor", executor))
    assert exposures.note("default", HOOKS, "ana", 1)

    async def main() -> None:
        with pytest.raises(type(error)):
            await exposures.flush()
        assert exposures.note("default", HOOKS, "bo", 0)
        await exposures.flush()

    asyncio.run(main())
    assert executor.written == [{(1, 1, 3, "hooks"): {"ana": 1, "bo": 0}}]


def test_exposures_that_no_event_can_restore_wait_for_the_disk() -> None:
    executor = BreaksOnce()
    exposures = Exposures(cast("DatabaseExecutor", executor))
    targeted = cast(
        "Assigner", SimpleNamespace(**{**vars(HOOKS), "number": 2, "key": "targeted", "is_computed": False})
    )

    async def main() -> None:
        for shown in ([HOOKS], [targeted], [HOOKS, targeted]):
            for assigner in shown:
                exposures.note("default", assigner, f"reader-{len(executor.durable)}", 1)
            await exposures.flush()

    asyncio.run(main())
    assert executor.durable == [False, True, True]


METRICS = (Metric("conversion_rate"),)
HALVES = Design(METRICS, (Variant("old", is_control=True), Variant("new")))
UNITS = [f"reader-{number}" for number in range(200)]


def nearly_all_old(**others: Any) -> Design:
    """The same, with the split 95 : 5."""
    variants = (Variant("old", weight=0.95, is_control=True), Variant("new", weight=0.05))
    return Design(METRICS, variants, **others)


def started(database: Database) -> Assigner:
    with database.scope("default", "tester") as scope:
        lifecycle.create_experiment(scope, "hooks", HALVES)
        lifecycle.start_experiment(scope, "hooks")
        return read_assigners(scope, ["hooks"])["hooks"]


def changed(database: Database, design: Design) -> Assigner:
    with database.scope("default", "tester") as scope:
        lifecycle.update_experiment(scope, "hooks", design)
        return read_assigners(scope, ["hooks"])["hooks"]


def note(exposures: Exposures, assigner: Assigner, units: list[str]) -> dict[str, int]:
    """Exposes units to their variants; returns the variants."""
    shown = {unit: assigner.assign(unit, {}).variant for unit in units}
    for unit, variant in shown.items():
        exposures.note("default", assigner, unit, variant)
    return shown


def counted(database: Database, experiment: int) -> dict[unit_counts.PhaseVariant, int]:
    """Units by phase and variant."""
    with database.scope("default", "tester") as scope:
        return {key: units for key, (units, _) in unit_counts.read_units(scope, experiment).items() if units}


@pytest.fixture
def executor(database: Database) -> Iterator[DatabaseExecutor]:
    executor = DatabaseExecutor(database)
    yield executor
    executor.close()


def test_units_count_in_the_phase_in_which_they_were_shown_a_variant(
    database: Database, executor: DatabaseExecutor
) -> None:
    before, exposures = started(database), Exposures(executor)
    shown = note(exposures, before, UNITS)
    changed(database, nearly_all_old())
    asyncio.run(exposures.flush())
    new = sum(shown.values())
    assert counted(database, before.number) == {(1, 0): len(UNITS) - new, (1, 1): new}


def test_a_server_that_learns_late_of_a_new_split_creates_no_mismatch(
    database: Database, executor: DatabaseExecutor
) -> None:
    before = started(database)
    after = changed(database, nearly_all_old())
    late, prompt = Exposures(executor), Exposures(executor)
    note(late, before, UNITS[:100])
    note(prompt, after, UNITS[100:])
    asyncio.run(prompt.flush())
    asyncio.run(late.flush())
    units = counted(database, before.number)
    assert [units.get((phase, 0), 0) + units.get((phase, 1), 0) for phase in (1, 2)] == [100, 100]
    with database.scope("default", "tester") as scope:
        experiment, counts, planned = runner.read_inputs(scope, "hooks")
        assert not analyze(experiment, counts, scope.now, planned).analysis.sample_ratio.is_mismatch


def test_a_late_exposure_does_not_replace_one_of_a_newer_version(
    database: Database, executor: DatabaseExecutor
) -> None:
    before = started(database)
    after = changed(database, nearly_all_old(bucket_version=2))
    moved = [unit for unit in UNITS if before.assign(unit, {}).variant != after.assign(unit, {}).variant]
    late, prompt = Exposures(executor), Exposures(executor)
    note(late, before, moved)
    note(prompt, after, moved)
    asyncio.run(prompt.flush())
    asyncio.run(late.flush())
    with database.scope("default", "tester") as scope:
        standing = unit_counts.exposures(scope, after.number, unit_counts.find_units(scope, moved).values())
    assert {(one.variant, one.phase, one.bucket_version, one.crossed) for one in standing.values()} == {(0, 2, 2, True)}


def test_the_buffer_gathers_longer_after_a_slow_transaction_within_a_bound() -> None:
    assert gather_seconds(0.0) == gather_seconds(0.002) == GATHER_SECONDS
    assert gather_seconds(0.01) == pytest.approx(0.04)
    assert gather_seconds(5.0) == pytest.approx(0.05)
