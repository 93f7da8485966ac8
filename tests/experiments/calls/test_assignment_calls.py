"""Assignments on the wire: stable, targeted, and the same on every server."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from groundswell import Client, types
from groundswell_server.experiments.design.buckets import Split
from tests.patience import eventually

DESIGN: dict[str, Any] = {
    "metrics": [{"name": "conversion_rate"}],
    "variants": [
        {"key": "plain", "is_control": True, "payload": {"hook": "InterimAnalysis at this."}},
        {"key": "question", "payload": {"hook": "Which one is yours?"}},
    ],
}
UNITS = [f"reader-{number}" for number in range(200)]


def start(client: Client, key: str = "hooks", **others: Any) -> None:
    client.experiments.create_experiment(key=key, design={**DESIGN, **others})
    client.experiments.start_experiment(experiment_key=key)


def assign(client: Client, unit: str, key: str = "hooks", **attributes: Any) -> types.Assignment:
    return client.experiments.assign_variant(experiment_key=key, unit=unit, attributes=attributes).assignment


def peek(client: Client, unit: str) -> types.Assignment:
    return client.experiments.evaluate_variant(experiment_key="hooks", unit=unit).assignment


def assign_all(client: Client, key: str = "hooks") -> dict[str, str]:
    requests = [{"experiment_key": key, "unit": unit} for unit in UNITS]
    return {one.unit: one.variant for one in client.experiments.batch_assign_variants(requests=requests).assignments}


def test_a_variant_is_computed_from_the_units_id(client: Client) -> None:
    start(client)
    split = Split.of("hooks", (0.5, 0.5))
    names = ("plain", "question")
    assert assign_all(client) == {unit: names[split.variant(unit) or 0] for unit in UNITS}


def test_an_assignment_has_the_payload_of_its_variant(client: Client) -> None:
    start(client)
    for unit in UNITS[:10]:
        answer = assign(client, unit)
        assert answer.is_enrolled
        hook = {"plain": "InterimAnalysis at this.", "question": "Which one is yours?"}[answer.variant]
        assert dict(answer.payload) == {"hook": hook}


def test_evaluating_enrols_no_unit(client: Client) -> None:
    start(client)
    for unit in UNITS:
        assert peek(client, unit).is_enrolled
    assert client.experiments.analyze_experiment(experiment_key="hooks").units == 0
    assign_all(client)
    assert client.experiments.analyze_experiment(experiment_key="hooks").units == len(UNITS)


def test_no_unit_changes_its_variant_when_weights_and_coverage_change(client: Client) -> None:
    start(client, coverage=0.6)
    before = {unit: assign(client, unit) for unit in UNITS}
    weighted = [{**one, "weight": weight} for one, weight in zip(DESIGN["variants"], (0.1, 0.9), strict=True)]
    changed = {**DESIGN, "coverage": 1.0, "allocation": "ALLOCATION_WEIGHTED", "variants": weighted}
    client.experiments.update_experiment(experiment_key="hooks", design=changed)

    eventually(lambda: all(peek(client, unit).is_enrolled for unit in UNITS))
    for unit, old in before.items():
        now = assign(client, unit)
        assert now.is_enrolled
        if old.is_enrolled:
            assert now.variant == old.variant
    shares = Counter(assign(client, unit).variant for unit in UNITS if not before[unit].is_enrolled)
    assert shares["question"] > 3 * shares["plain"]
    assert client.experiments.analyze_experiment(experiment_key="hooks").crossed_count == 0


def test_an_excluded_unit_gets_the_control_and_does_not_count(client: Client) -> None:
    start(client, targeting={"equals": {"attribute": "country", "value": {"text": "CH"}}})
    meant, other = assign(client, "ana", country="CH"), assign(client, "ana", country="AT")
    assert meant.reason == types.ASSIGNMENT_REASON_ENROLLED
    assert (other.variant, other.is_enrolled, other.reason) == ("plain", False, types.ASSIGNMENT_REASON_NOT_TARGETED)


def test_experiments_of_one_namespace_share_no_unit(client: Client) -> None:
    start(client, "first", namespace={"name": "feed", "start": 0.0, "end": 0.5})
    start(client, "second", namespace={"name": "feed", "start": 0.5, "end": 1.0})
    for unit in UNITS:
        enrolled = [assign(client, unit, key).is_enrolled for key in ("first", "second")]
        assert sorted(enrolled) == [False, True]


def test_during_a_pause_enrolled_units_keep_their_variant_and_no_unit_joins(client: Client) -> None:
    start(client)
    before = assign_all(client)
    client.experiments.pause_experiment(experiment_key="hooks")

    eventually(lambda: peek(client, "newcomer").reason == types.ASSIGNMENT_REASON_PAUSED)
    assert assign_all(client) == before


@pytest.mark.parametrize(("winner", "shown"), [("question", "question"), ("", "plain")])
def test_after_completion_all_units_get_the_winner_or_the_control(client: Client, winner: str, shown: str) -> None:
    start(client)
    assign_all(client)
    client.experiments.complete_experiment(experiment_key="hooks", winner=winner)

    eventually(lambda: set(assign_all(client).values()) == {shown})
    assert assign(client, "newcomer").reason == types.ASSIGNMENT_REASON_ENDED


def test_units_that_targeting_excludes_do_not_get_the_winner(client: Client) -> None:
    start(client, targeting={"equals": {"attribute": "country", "value": {"text": "CH"}}}, coverage=0.5)
    assign(client, "ana", country="CH")
    client.experiments.complete_experiment(experiment_key="hooks", winner="question")

    eventually(lambda: assign(client, "ana", country="CH").reason == types.ASSIGNMENT_REASON_ENDED)
    assert {assign(client, unit, country="CH").variant for unit in UNITS} == {"question"}, "whatever the coverage"
    for attributes in ({"country": "AT"}, {}):
        other = assign(client, "bo", **attributes)
        assert (other.variant, other.reason) == ("plain", types.ASSIGNMENT_REASON_NOT_TARGETED)


def test_conditions_are_returned_as_they_were_sent(client: Client) -> None:
    def text(value: str) -> dict[str, str]:
        return {"text": value}

    targeting = {
        "all": {
            "conditions": [
                {"equals": {"attribute": "beta", "value": {"flag": True}}},
                {"in": {"attribute": "country", "values": [text("CH"), text("AT")]}},
                {"compare": {"attribute": "age", "operator": "COMPARISON_OPERATOR_GREATER", "value": {"number": 17}}},
                {"contains": {"attribute": "tags", "value": text("art")}},
                {"version": {"attribute": "app", "operator": "COMPARISON_OPERATOR_LESS", "version": "3.0"}},
                {"any": {"conditions": [{"exists": {"attribute": "a", "present": True}}]}},
                {"negation": {"exists": {"attribute": "b", "present": False}}},
            ]
        }
    }
    start(client, targeting=targeting)
    stored = client.experiments.get_experiment(experiment_key="hooks").experiment.design.targeting
    assert stored == types.Condition(**targeting)
    fits = {"beta": True, "country": "CH", "age": 30, "tags": ["art"], "app": "2.9", "a": 1, "b": 2}
    assert assign(client, "ana", **fits).is_enrolled
    assert not assign(client, "ana", **{**fits, "app": "3.1"}).is_enrolled
