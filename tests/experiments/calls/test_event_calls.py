"""Events and analyses on the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from groundswell import Client, types
from groundswell_storage.ids import uuid7

CONVERSIONS = {"metrics": [{"name": "conversion_rate"}], "variants": [{"key": "new"}], "min_runtime": 0}


def start(client: Client, **others: Any) -> None:
    client.experiments.create_experiment(key="hooks", design={**CONVERSIONS, **others})
    client.experiments.start_experiment(experiment_key="hooks")


def event(unit: str, name: str = "conversion", **others: Any) -> dict[str, Any]:
    return {"id": uuid7(), "experiment_key": "hooks", "unit": unit, "name": name, **others}


def convert(client: Client, units: int, rates: dict[str, float]) -> None:
    """Enrols units and converts exactly the given share of each variant's units."""
    requests = [{"experiment_key": "hooks", "unit": f"reader-{number}"} for number in range(units)]
    by_variant: dict[str, list[str]] = {}
    for begin in range(0, units, 1000):
        batch = requests[begin : begin + 1000]
        for one in client.experiments.batch_assign_variants(requests=batch).assignments:
            by_variant.setdefault(one.variant, []).append(one.unit)
    converted = [unit for key, mine in by_variant.items() for unit in mine[: round(len(mine) * rates[key])]]
    client.experiments.record_events(events=[event(unit) for unit in converted])


def test_a_stream_is_acknowledged_batch_by_batch(client: Client) -> None:
    start(client)
    batches = [
        {"sequence": number, "events": [event(f"reader-{number}-{unit}") for unit in range(5)]} for number in range(4)
    ]
    results = list(client.experiments.stream_events(iter(batches)))
    assert [answer.sequence for answer in results] == [0, 1, 2, 3]
    assert [answer.outcome.recorded_count for answer in results] == [5] * 4
    again = list(client.experiments.stream_events(iter(batches)))
    assert [(answer.outcome.recorded_count, answer.outcome.duplicate_count) for answer in again] == [(0, 5)] * 4
    assert client.experiments.analyze_experiment(experiment_key="hooks").units == 20


def test_refused_events_are_listed_and_the_rest_counts(client: Client) -> None:
    start(client)
    events = [event("ana"), event("bo", value=float("nan")), event("cy", experiment_key="nothing")]
    outcome = client.experiments.record_events(events=events).outcome
    assert outcome.recorded_count == 1
    assert [(one.index, one.reason, one.event_id) for one in outcome.refused] == [
        (1, "EVENT_INVALID", events[1]["id"]),
        (2, "EXPERIMENT_NOT_FOUND", events[2]["id"]),
    ]


def test_events_in_columns_count_like_events_in_rows(client: Client) -> None:
    start(client)
    row = event("ana")
    ids = [row["id"], uuid7(), "6f1a3c1e-1c1b-4f0e-9a59-0a4d1f6f4a11", uuid7()]
    columns = {
        "ids": b"".join(UUID(id).bytes for id in ids),
        "experiment_keys": ["hooks"],
        "units": ["ana", "bo"],
        "names": ["conversion"],
        "unit_indexes": [0, 1, 1, 2],
    }
    client.experiments.record_events(events=[row])
    (answer,) = client.experiments.stream_events([{"sequence": 7, "columns": columns}])
    assert (answer.outcome.recorded_count, answer.outcome.duplicate_count) == (1, 1)
    assert [(one.index, one.reason, one.event_id) for one in answer.outcome.refused] == [
        (2, "EVENT_ID_INVALID", ids[2]),
        (3, "EVENT_INVALID", ids[3]),
    ]
    assert client.experiments.analyze_experiment(experiment_key="hooks").units == 2


def test_an_ab_test_is_decided_once_at_its_planned_size(client: Client) -> None:
    start(client, expected_total_sample=2000)
    convert(client, 2000, {"control": 0.10, "new": 0.135})
    first = client.experiments.analyze_experiment(experiment_key="hooks")
    assert first.decision.deciding_test == types.DECIDING_TEST_FIXED_HORIZON
    assert (first.decision.verdict, first.decision.winner) == (types.EXPERIMENT_VERDICT_WINNER, "new")
    assert "new" in first.decision.explanation
    second = client.experiments.analyze_experiment(experiment_key="hooks")
    assert second.decision.deciding_test == types.DECIDING_TEST_ALWAYS_VALID
    assert second.planned_decision == first.decision


def test_an_analysis_that_cannot_decide_is_not_the_planned_one(client: Client) -> None:
    start(client, expected_total_sample=200, min_runtime=3600)
    convert(client, 400, {"control": 0.1, "new": 0.4})
    analysis = client.experiments.analyze_experiment(experiment_key="hooks")
    assert analysis.decision.verdict == types.EXPERIMENT_VERDICT_NEEDS_RUNTIME
    assert not analysis.HasField("planned_decision")


def test_a_sequential_experiment_is_decided_by_the_always_valid_test_alone(client: Client) -> None:
    start(client, kind="EXPERIMENT_KIND_SEQUENTIAL", expected_total_sample=1000)
    convert(client, 1200, {"control": 0.1, "new": 0.3})
    analysis = client.experiments.analyze_experiment(experiment_key="hooks")
    assert analysis.decision.deciding_test == types.DECIDING_TEST_ALWAYS_VALID
    assert analysis.decision.winner == "new"
    assert not analysis.HasField("planned_decision")


def test_results_are_computed_from_the_counts(client: Client) -> None:
    start(client)
    convert(client, 1000, {"control": 0.1, "new": 0.2})
    analysis = client.experiments.analyze_experiment(experiment_key="hooks")
    control, new = analysis.metrics[0].variants
    assert control.units + new.units == analysis.units == 1000
    assert control.mean == pytest.approx(0.1, abs=0.001)
    assert new.comparison.difference == pytest.approx(new.mean - control.mean)
    interval = new.comparison.fixed_horizon.interval
    assert interval.lower < new.comparison.difference < interval.upper
    assert new.probability_best > 0.99
    assert not control.HasField("comparison")
    assert not analysis.sample_ratio.is_mismatch


def test_a_multivariate_experiment_reports_the_effect_of_each_factor(client: Client) -> None:
    factors = [{"name": "hook", "levels": ["plain", "question"]}, {"name": "emoji", "levels": ["none", "one"]}]
    start(client, kind="EXPERIMENT_KIND_MULTIVARIATE", factors=factors, variants=[])
    convert(client, 2000, {"plain/none": 0.1, "plain/one": 0.1, "question/none": 0.3, "question/one": 0.3})
    analysis = client.experiments.analyze_experiment(experiment_key="hooks")
    effects = {tuple(one.levels): one for one in analysis.factor_effects}
    assert effects["question",].estimate == pytest.approx(0.2, abs=0.01)
    assert effects["question",].fixed_horizon.adjusted_p_value < 0.001
    assert abs(effects["one",].estimate) < 0.01
    assert effects["question", "one"].fixed_horizon.p_value > 0.5


def test_missing_fields_of_a_design_have_the_defaults_of_the_contract(client: Client) -> None:
    design = {"metrics": [{"name": "conversion_rate"}], "variants": [{"key": "new"}]}
    stored = client.experiments.create_experiment(key="defaults", design=design).experiment.design
    assert stored.min_sample_size_per_variant == 100
    assert stored.min_runtime.ToTimedelta() == timedelta(hours=24)
    assert stored.confidence_level == 0.95
    assert stored.min_effect_size == 0.05
    assert (stored.expected_total_sample, stored.coverage, stored.bucket_version) == (10_000, 1.0, 1)
    assert [(one.key, one.weight, one.is_control) for one in stored.variants] == [
        ("control", 0.5, True),
        ("new", 0.5, False),
    ]


def test_a_plan_has_the_sample_size_of_the_textbook(client: Client) -> None:
    plan = client.experiments.plan_experiment(kind="METRIC_KIND_CONVERSION", baseline=0.1, lift=0.3, units_per_day=1000)
    assert plan.units_per_variant == 1769  # 1768.095 of statsmodels' NormalIndPower, rounded up
    assert plan.total_units == 3538
    assert plan.duration.ToTimedelta().total_seconds() == pytest.approx(3.538 * 86400)
    power = {round(point.lift, 3): point.power for point in plan.power_curve}
    assert power[0.3] == pytest.approx(0.8, abs=0.001)
