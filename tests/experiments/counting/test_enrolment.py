"""First exposures, and changes of the split and of the bucket version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment
from groundswell_server.experiments.catalog.catalog import assignments_of, read_assigners
from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.counting.event_transaction import record_events
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_server.experiments.interim_analysis import runner
from groundswell_server.experiments.interim_analysis.interim_analysis import analyze
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.enums import Allocation, MetricKind
from groundswell_storage.scope import Scope
from tests.experiments.sent import batch, event

DESIGN = Design((Metric("conversion_rate"),), (Variant("old", is_control=True), Variant("new")))
UNITS = [f"reader-{number}" for number in range(60)]


def now(scope: Scope) -> Assigner:
    return read_assigners(scope, ["hooks"])["hooks"]


def _current(scope: Scope, assigner: Assigner, numbers: Mapping[str, int]) -> dict[int, unit_counts.Exposure]:
    exposures = unit_counts.exposures(scope, assigner.number, numbers.values())
    return {unit: one for unit, one in exposures.items() if one.bucket_version == assigner.bucket_version}


def see_all(scope: Scope) -> Mapping[str, int]:
    """Exposes every unit to its present variant; returns the variants."""
    assigner, numbers = now(scope), unit_counts.unit_numbers(scope, UNITS)
    stored = assignments_of(scope, assigner, _current(scope, assigner, numbers)) if assigner.looks_up else {}
    stand = {unit: stored[number] for unit, number in numbers.items() if number in stored}
    answers: dict[str, Assignment] = {unit: assigner.assign(unit, {}, stand.get(unit)) for unit in UNITS}
    enrol(scope, assigner, {numbers[unit]: answer.variant for unit, answer in answers.items()})
    return {unit: answer.variant for unit, answer in answers.items()}


def test_a_unit_with_the_same_variant_under_a_raised_version_keeps_it_when_the_split_changes(scope: Scope) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    lifecycle.start_experiment(scope, "hooks")
    before = see_all(scope)
    raised = replace(DESIGN, bucket_version=2)
    lifecycle.update_experiment(scope, "hooks", raised)
    assert see_all(scope) == before, "the version alone moves nobody, for the buckets are the same"
    variants = (replace(DESIGN.variants[0], weight=0.1), replace(DESIGN.variants[1], weight=0.9))
    lifecycle.update_experiment(
        scope, "hooks", replace(raised, allocation=Allocation.WEIGHTED, variants=variants, coverage=1.0)
    )
    assert see_all(scope) == before
    assert sum(crossed for _, crossed in unit_counts.read_units(scope, now(scope).number).values()) == 0


def test_after_a_raise_with_a_new_split_only_new_units_are_compared(scope: Scope) -> None:
    lifecycle.create_experiment(scope, "hooks", DESIGN)
    lifecycle.start_experiment(scope, "hooks")
    before = see_all(scope)
    variants = (replace(DESIGN.variants[0], weight=0.1), replace(DESIGN.variants[1], weight=0.9))
    lifecycle.update_experiment(scope, "hooks", replace(DESIGN, variants=variants, bucket_version=2))
    after = see_all(scope)
    crossed = sum(before[unit] != after[unit] for unit in UNITS)
    assert crossed
    newcomers = [f"newcomer-{number}" for number in range(40)]
    record_events(scope, batch(scope, *(event(unit, "conversion") for unit in newcomers)))

    experiment, counts, planned = runner.read_inputs(scope, "hooks")
    assert [phase.bucket_version for phase in experiment.phases] == [1, 2]
    found = analyze(experiment, counts, scope.now, planned)
    assert (found.units, found.excluded_count, found.crossed_count) == (len(newcomers), len(UNITS) - crossed, crossed)
    assert sum(result.units for result in found.analysis.results[0].variants) == len(newcomers)
    assert len(found.analysis.sample_ratio.phase_p_values) == 1
    assert not found.analysis.sample_ratio.is_mismatch


def test_crossing_units_are_read_by_key_in_one_query(scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = (Metric("conversion_rate"), Metric("revenue", MetricKind.MEAN, event="purchase"))
    lifecycle.create_experiment(scope, "hooks", replace(DESIGN, metrics=metrics))
    lifecycle.start_experiment(scope, "hooks")
    before = see_all(scope)
    sold = (event(unit, "purchase", float(place)) for place, unit in enumerate(UNITS))
    record_events(scope, batch(scope, *sold, *(event(unit, "conversion") for unit in UNITS)))
    numbers = unit_counts.unit_numbers(scope, UNITS)
    crossing = UNITS[::3]
    execute, statements = Scope.execute, []

    def listen(self: Scope, sql: str, parameters: Sequence[object] = ()) -> Any:
        if "FROM unit_total" in sql:
            statements.append((sql, parameters))
        return execute(self, sql, parameters)

    monkeypatch.setattr(Scope, "execute", listen)
    standing = enrol(scope, now(scope), {numbers[unit]: 1 - before[unit] for unit in crossing})
    monkeypatch.undo()

    assert all(exposure.crossed for exposure in standing.values())
    sums = unit_counts.read_sums(scope, now(scope).number)
    for variant in (0, 1):
        left = [float(place) for place, unit in enumerate(UNITS) if before[unit] == variant and unit not in crossing]
        assert sums[1, variant, 0][0] == len(left)
        assert sums[1, variant, 1][0] == pytest.approx(sum(left))
        assert sums[1, variant, 1][3] == pytest.approx(sum(value**2 for value in left))
    ((statement, parameters),) = statements
    assert key_used(scope, statement, parameters) >= {"experiment", "metric", "unit"}


def key_used(scope: Scope, statement: str, parameters: Sequence[object]) -> set[str]:
    """The columns by which a statement finds its rows."""
    if scope.database.dialect == "sqlite":
        plan = scope.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        (search,) = (row[3] for row in plan if row[3].startswith("SEARCH unit_total"))
    else:
        # PostgreSQL would scan such a small table.
        scope.execute("SET LOCAL enable_seqscan = off")
        plan = scope.execute(f"EXPLAIN {statement}", parameters).fetchall()
        (search,) = (row[0] for row in plan if "Index Cond" in row[0])
    return set(re.findall(r"(\w+) ?=", search))
