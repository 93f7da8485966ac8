"""Counting: each event once, for the variant of its unit, with sums that a recount confirms."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.catalog.assigner import Assigner, AssignmentReason
from groundswell_server.experiments.catalog.catalog import read_assigners
from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.counting.event_transaction import RecordedBatch, record_events
from groundswell_server.experiments.counting.events import Outcome
from groundswell_server.experiments.counting.unit_variant_cache import UnitVariantCache
from groundswell_server.experiments.design.design import Design, Metric, Variant
from groundswell_server.experiments.design.targeting_conditions import Equals
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.enums import Allocation, ExperimentState, MetricKind
from groundswell_storage.scope import Scope
from tests.experiments.sent import Sent, batch, event

DESIGN = Design(
    metrics=(
        Metric("conversion_rate"),
        Metric("replies", MetricKind.COUNT, event="reply", cap=3.0),
        Metric("revenue", MetricKind.MEAN, event="purchase", covariate_event="revenue_before"),
        Metric("click_through_rate"),
    ),
    variants=(Variant("old", is_control=True), Variant("new")),
)
SUMS = unit_counts.SUMS


def started(scope: Scope, design: Design = DESIGN, key: str = "hooks") -> Assigner:
    lifecycle.create_experiment(scope, key, design)
    lifecycle.start_experiment(scope, key)
    return read_assigners(scope, [key])[key]


def record(scope: Scope, *events: Sent) -> Outcome:
    return record_events(scope, batch(scope, *events)).outcome


def units_of(scope: Scope, assigner: Assigner) -> int:
    return sum(units for units, _ in unit_counts.read_units(scope, assigner.number).values())


def test_an_event_counts_once_however_often_it_is_sent(scope: Scope) -> None:
    assigner = started(scope)
    once = event("ana", "conversion")
    assert record(scope, once, once).recorded_count == 1
    again = record(scope, once)
    assert (again.recorded_count, again.duplicate_count) == (0, 1)
    sums = unit_counts.read_sums(scope, assigner.number)
    assert sum(values[0] for (_, _, metric), values in sums.items() if metric == 0) == 1.0


def test_the_first_event_of_a_unit_enrols_it(scope: Scope) -> None:
    assigner = started(scope)
    record(scope, event("ana", "impression"), event("bo", "impression"), event("ana", "click"))
    assert units_of(scope, assigner) == 2


def test_a_unit_converts_once_and_counts_at_most_the_cap(scope: Scope) -> None:
    assigner = started(scope)
    for _ in range(5):
        record(scope, event("ana", "conversion"), event("ana", "reply"))
    sums = unit_counts.read_sums(scope, assigner.number)
    conversions = next(values for (_, _, metric), values in sums.items() if metric == 0)
    replies = next(values for (_, _, metric), values in sums.items() if metric == 1)
    assert dict(zip(SUMS, conversions, strict=True)) == {**dict.fromkeys(SUMS, 0.0), "y": 1.0, "yy": 1.0}
    assert dict(zip(SUMS, replies, strict=True)) == {**dict.fromkeys(SUMS, 0.0), "y": 3.0, "yy": 9.0}


def test_any_recount_of_the_events_confirms_the_sums(scope: Scope) -> None:
    assigner = started(scope)
    random = np.random.default_rng(7)
    names = ["conversion", "reply", "purchase", "revenue_before", "click", "impression"]
    times = {"revenue_before": scope.now - timedelta(days=3)}
    sent = [
        event(f"unit-{random.integers(60)}", name, float(random.integers(1, 9)), time=times.get(name))
        for name in map(str, random.choice(names, 800))
    ]
    for start in range(0, len(sent), 90):
        batch = sent[start : start + 90]
        record(scope, *batch, *(sent[index] for index in random.integers(0, start + 1, 20)))

    totals: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in sent:
        totals[one.unit][one.name] += one.value
        counts[one.unit][one.name] += 1
    expected: dict[tuple[int, int], np.ndarray] = defaultdict(lambda: np.zeros(len(SUMS)))
    for unit in totals:
        variant, done, often = assigner.assign(unit, {}).variant, totals[unit], counts[unit]
        rows = [
            (float(often["conversion"] > 0), 0.0, 0.0),
            (min(float(often["reply"]), 3.0), 0.0, 0.0),
            (done["purchase"], 0.0, done["revenue_before"]),
            (done["click"], done["impression"], 0.0),
        ]
        for metric, (y, z, x) in enumerate(rows):
            expected[variant, metric] += (y, z, x, y * y, z * z, x * x, y * z, y * x, z * x)
    found = {
        (variant, metric): values
        for (_, variant, metric), values in unit_counts.read_sums(scope, assigner.number).items()
    }
    for place, values in expected.items():
        assert found.get(place, (0.0,) * len(SUMS)) == pytest.approx(values), place
    assert units_of(scope, assigner) == len(totals)


def test_a_unit_belongs_to_the_phase_of_its_first_exposure(scope: Scope) -> None:
    assigner = started(scope)
    record(scope, event("ana", "conversion"))
    lifecycle.pause_experiment(scope, "hooks")
    lifecycle.resume_experiment(scope, "hooks")
    record(scope, event("ana", "reply"), event("bo", "reply"))
    phases = {phase: units for (phase, _), (units, _) in unit_counts.read_units(scope, assigner.number).items()}
    assert phases == {1: 1, 2: 1}
    assert {phase for (phase, _, metric) in unit_counts.read_sums(scope, assigner.number) if metric == 1} == {1, 2}


def test_a_unit_seen_in_two_variants_counts_in_neither_and_is_reported(scope: Scope) -> None:
    assigner = started(scope)
    units = [f"unit-{number}" for number in range(40)]
    record(scope, *(event(unit, "conversion") for unit in units))
    moved = replace(
        DESIGN,
        allocation=Allocation.WEIGHTED,
        variants=(Variant("old", weight=0.1, is_control=True), Variant("new", weight=0.9)),
        bucket_version=2,
    )
    lifecycle.update_experiment(scope, "hooks", moved)
    now = read_assigners(scope, ["hooks"])["hooks"]
    shown = {unit: now.assign(unit, {}).variant for unit in units}
    crossed = [unit for unit in units if assigner.assign(unit, {}).variant != shown[unit]]
    assert crossed, "raising the bucket version lets units change their variant"
    numbers = unit_counts.unit_numbers(scope, units)
    enrol(scope, now, {numbers[unit]: variant for unit, variant in shown.items()})
    record(scope, *(event(unit, "conversion") for unit in units))

    counted = unit_counts.read_units(scope, assigner.number)
    assert sum(units for units, _ in counted.values()) == len(units) - len(crossed)
    assert sum(out for _, out in counted.values()) == len(crossed)
    sums = unit_counts.read_sums(scope, assigner.number)
    assert sum(values[0] for (_, _, metric), values in sums.items() if metric == 0) == len(units) - len(crossed)


def test_enrolments_are_cached_and_a_change_by_another_server_is_noticed(scope: Scope) -> None:
    assigner, rosters = started(scope), UnitVariantCache()
    units = [f"unit-{number}" for number in range(10)]

    def convert() -> RecordedBatch:
        events = batch(scope, *(event(unit, "reply") for unit in units))
        recorded = record_events(scope, events, {"hooks": assigner}, rosters)
        for roster in recorded.found:
            rosters.remember(roster)
        return recorded

    assert set(convert().found[0].variants) == set(units)
    assert convert().found == []
    numbers = unit_counts.unit_numbers(scope, units)
    other = {numbers[unit]: 1 - assigner.assign(unit, {}).variant for unit in units[:4]}
    enrol(scope, assigner, other)
    assert set(convert().found[0].variants) == set(units)
    assert convert().found == []
    sums = unit_counts.read_sums(scope, assigner.number)
    assert sum(values[0] for (_, _, metric), values in sums.items() if metric == 1) == 6 * 3.0


def test_an_experiment_that_changed_is_read_again(scope: Scope) -> None:
    before = started(scope)
    lifecycle.complete_experiment(scope, "hooks", "new")
    recorded = record_events(scope, batch(scope, event("ana", "conversion")), {"hooks": before})
    assert [one.reason for one in recorded.outcome.refused] == ["EXPERIMENT_STATE_INVALID"]
    assert recorded.assigners["hooks"].state is ExperimentState.COMPLETED


def test_a_partly_repeated_batch_adds_its_new_events(scope: Scope) -> None:
    assigner = started(scope)
    sent = [event(f"unit-{number % 50}", "reply") for number in range(700)]
    assert record(scope, *sent[100:130], *sent[560:600]).recorded_count == 70
    outcome = record(scope, *reversed(sent), *sent[:5])
    assert (outcome.recorded_count, outcome.duplicate_count) == (630, 75)
    sums = unit_counts.read_sums(scope, assigner.number)
    assert sum(values[0] for values in sums.values()) == 50 * 3.0


def test_refused_events_have_their_reason_and_the_rest_counts(scope: Scope) -> None:
    started(scope)
    outcome = record(
        scope,
        event("ana", "conversion"),
        event("ana", "conversion", id="6f1a3c1e-1c1b-4f0e-9a59-0a4d1f6f4a11"),
        event("ana", "conversion", experiment_key="nothing"),
        event("ana", "joy"),
        event("ana", "conversion", float("nan")),
        event("ana", "conversion", float("inf")),
        event("ana", "conversion", time=scope.now + timedelta(hours=1)),
        event("", "conversion"),
        event("a\0b", "conversion"),
        event("ana", "conversion", 1e200),
        event("ana", "conversion", -1.1e9),
        event("bo", "impression"),
    )
    assert outcome.recorded_count == 2
    assert [(one.index, one.reason) for one in outcome.refused] == [
        (1, "EVENT_ID_INVALID"),
        (2, "EXPERIMENT_NOT_FOUND"),
        (3, "EVENT_NAME_UNKNOWN"),
        *[(index, "EVENT_INVALID") for index in range(4, 11)],
    ]


def test_nothing_counts_after_the_end(scope: Scope) -> None:
    started(scope)
    lifecycle.complete_experiment(scope, "hooks", "new")
    (refused,) = record(scope, event("ana", "conversion")).refused
    assert refused.reason == "EXPERIMENT_STATE_INVALID"


def test_during_a_pause_only_enrolled_units_count(scope: Scope) -> None:
    started(scope)
    record(scope, event("ana", "impression"))
    lifecycle.pause_experiment(scope, "hooks")
    outcome = record(scope, event("ana", "conversion"), event("bo", "conversion"))
    assert outcome.recorded_count == 1
    assert [(one.index, one.reason) for one in outcome.refused] == [(1, "UNIT_NOT_ENROLLED")]


def test_with_targeting_an_event_alone_enrols_no_unit(scope: Scope) -> None:
    assigner = started(scope, replace(DESIGN, targeting=Equals("country", "CH")))
    assert record(scope, event("ana", "conversion")).refused[0].reason == "UNIT_NOT_ENROLLED"
    answer = assigner.assign("ana", {"country": "CH"})
    assert answer.reason is AssignmentReason.ENROLLED
    enrol(scope, assigner, {unit_counts.unit_numbers(scope, ["ana"])["ana"]: answer.variant})
    assert record(scope, event("ana", "conversion")).recorded_count == 1


def test_events_of_several_experiments_come_in_one_batch(scope: Scope) -> None:
    first, second = started(scope), started(scope, DESIGN, "colours")
    record(scope, event("ana", "conversion"), event("ana", "conversion", experiment_key="colours"))
    assert units_of(scope, first) == units_of(scope, second) == 1
