"""Bandits on the wire: learning from events, stable choices, and analyses."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest

from groundswell import Client, types
from groundswell.errors import InvalidArgument
from groundswell_storage.ids import uuid7
from tests.patience import eventually
from tests.running import RunningServer

DESIGN: dict[str, Any] = {
    "kind": "EXPERIMENT_KIND_BANDIT",
    "metrics": [{"name": "conversion_rate"}],
    "variants": [{"key": "plain", "is_control": True}, {"key": "question"}, {"key": "joke"}],
    "min_runtime": 0,
}
RATES = {"plain": 0.1, "question": 0.15, "joke": 0.5}


def start(client: Client, **others: Any) -> None:
    client.experiments.create_experiment(key="hooks", design={**DESIGN, **others})
    client.experiments.start_experiment(experiment_key="hooks")


def assign(client: Client, unit: str, **attributes: Any) -> types.Assignment:
    return client.experiments.assign_variant(experiment_key="hooks", unit=unit, attributes=attributes).assignment


def assign_all(client: Client, units: list[str]) -> list[types.Assignment]:
    requests = [{"experiment_key": "hooks", "unit": unit} for unit in units]
    return list(client.experiments.batch_assign_variants(requests=requests).assignments)


def record(client: Client, units: list[str], name: str = "conversion", **others: Any) -> types.EventOutcome:
    events = [{"id": uuid7(), "experiment_key": "hooks", "unit": unit, "name": name, **others} for unit in units]
    return client.experiments.record_events(events=events).outcome


def run(client: Client, rounds: int, size: int, seed: int = 1) -> list[list[types.Assignment]]:
    """Plays rounds of new units that convert at the rate of their variant; returns the assignments of each round."""
    random, rounds_of = np.random.default_rng(seed), []
    for number in range(rounds):
        assigned = assign_all(client, [f"reader-{number}-{unit}" for unit in range(size)])
        rounds_of.append(assigned)
        converted = [one.unit for one in assigned if random.random() < RATES[one.variant]]
        if converted:
            record(client, converted)
    return rounds_of


def test_a_bandit_learns_from_recorded_events(client: Client) -> None:
    start(client)
    rounds = run(client, 10, 150)
    first, last = (Counter(one.variant for one in rounds[at]) for at in (0, -1))
    assert max(first.values()) < 80
    assert last["joke"] > 130
    analysis = client.experiments.analyze_experiment(experiment_key="hooks")
    assert analysis.units == 1500
    probabilities = dict(zip(RATES, analysis.choice_probabilities, strict=True))
    assert probabilities["joke"] == max(analysis.choice_probabilities) > 0.9
    assert min(analysis.choice_probabilities) >= 0.01
    assert sum(analysis.choice_probabilities) == pytest.approx(1.0)


def test_each_choice_has_the_probability_with_which_it_was_made(client: Client) -> None:
    start(client)
    for round_ in run(client, 6, 120):
        by_variant = {one.variant: one.probability for one in round_}
        assert all(one.probability == by_variant[one.variant] for one in round_)
        assert sum(by_variant.values()) <= 1.0 + 1e-9
        due = {key: probability * len(round_) for key, probability in by_variant.items()}
        counts = Counter(one.variant for one in round_)
        assert all(abs(counts[key] - due[key]) < 5.0 * due[key] ** 0.5 + 1.0 for key in due)


def test_a_unit_keeps_its_variant_while_the_bandit_learns(client: Client) -> None:
    start(client)
    (first, *_) = run(client, 8, 120)
    again = assign_all(client, [one.unit for one in first])
    assert [(one.variant, one.probability) for one in again] == [(one.variant, one.probability) for one in first]
    assert client.experiments.analyze_experiment(experiment_key="hooks").crossed_count == 0


def test_an_assigned_unit_is_answered_from_memory(
    client: Client, shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(client)
    first, asked = assign(client, "ana"), []
    executor = shared_server.app.dependencies.executor
    for way in ("read", "write"):
        into: Any = getattr(executor, way)
        # The server's own followers of the event log read by functions, calls by what `Call` makes of them.
        monkeypatch.setattr(
            executor, way, lambda work, into=into: (isinstance(work, partial) and asked.append(work)) or into(work)
        )

    def asks_nothing() -> bool:
        asked.clear()
        assert assign(client, "ana") == first
        return not asked

    # The event of the start may still make the server read the experiment once more.
    eventually(asks_nothing)
    assign(client, "bo")
    assert asked


def test_evaluating_returns_the_variant_a_unit_would_get_and_stores_nothing(client: Client) -> None:
    start(client)
    units = [f"reader-{number}" for number in range(30)]
    seen = {unit: client.experiments.evaluate_variant(experiment_key="hooks", unit=unit).assignment for unit in units}
    assert client.experiments.analyze_experiment(experiment_key="hooks").units == 0
    assert {one.unit: one for one in assign_all(client, units)} == seen


def test_an_event_of_an_unassigned_unit_is_refused(client: Client) -> None:
    start(client)
    assign(client, "ana")
    outcome = record(client, ["ana", "bo"])
    assert outcome.recorded_count == 1
    assert [(one.index, one.reason) for one in outcome.refused] == [(1, "UNIT_NOT_ENROLLED")]


def test_an_analysis_weighs_by_the_stored_probabilities_and_explains_it(client: Client) -> None:
    start(client, min_sample_size_per_variant=30, expected_total_sample=2000)
    rounds = run(client, 12, 150)
    analysis = client.experiments.analyze_experiment(experiment_key="hooks")
    assert not analysis.sample_ratio.is_mismatch
    assert not analysis.sample_ratio.phase_p_values
    assert analysis.decision.deciding_test == types.DECIDING_TEST_ALWAYS_VALID
    assert "plain means are biased" in analysis.decision.explanation
    plain, spec, joke = analysis.metrics[0].variants
    assert joke.probability_best > 0.99
    assert joke.mean == pytest.approx(RATES["joke"], abs=0.1)
    assert joke.comparison.always_valid.interval.lower > 0.0
    assert joke.comparison.always_valid.adjusted_p_value < 0.05
    counts = Counter(one.variant for round_ in rounds for one in round_)
    assert [one.units for one in (plain, spec, joke)] == [counts[key] for key in RATES]
    enough = min(counts.values()) >= 30
    assert (analysis.decision.winner == "joke") == enough
    assert analysis.decision.ranking[0] == "joke"


def test_an_ab_test_with_a_bandit_allocation_is_a_bandit(client: Client) -> None:
    learning = {
        "lowest_reward": 0.0,
        "highest_reward": 20.0,
        "update_units": 60,
        "update_interval": timedelta(minutes=1),
    }
    start(
        client,
        kind="EXPERIMENT_KIND_AB_TEST",
        allocation="ALLOCATION_UCB",
        metrics=[{"name": "spent", "kind": "METRIC_KIND_MEAN", "event": "purchase"}],
        expected_total_sample=100,
        bandit=learning,
    )
    stored = client.experiments.get_experiment(experiment_key="hooks").experiment.design
    assert (stored.bandit.highest_reward, stored.bandit.update_units) == (20.0, 60)
    assert stored.bandit.update_interval.ToTimedelta() == timedelta(minutes=1)
    assert stored.kind == types.EXPERIMENT_KIND_AB_TEST
    assigned = assign_all(client, [f"reader-{number}" for number in range(120)])
    for key, value in (("plain", 5.0), ("question", 6.0), ("joke", 18.0)):
        record(client, [one.unit for one in assigned if one.variant == key], "purchase", value=value)
    later = assign_all(client, [f"later-{number}" for number in range(50)])
    assert sum(one.variant == "joke" for one in later) > 40
    analysis = client.experiments.analyze_experiment(experiment_key="hooks")
    assert analysis.decision.deciding_test == types.DECIDING_TEST_ALWAYS_VALID, "beyond its planned size as before it"
    assert max(analysis.choice_probabilities) == pytest.approx(0.98)


def test_a_bandit_pauses_changes_and_completes_like_other_kinds(client: Client) -> None:
    start(client, targeting={"equals": {"attribute": "country", "value": {"text": "CH"}}})
    ana = assign(client, "ana", country="CH")
    assert assign(client, "bo", country="AT").reason == types.ASSIGNMENT_REASON_NOT_TARGETED
    client.experiments.pause_experiment(experiment_key="hooks")
    eventually(lambda: assign(client, "cy", country="CH").reason == types.ASSIGNMENT_REASON_PAUSED)
    assert assign(client, "ana", country="CH") == ana
    client.experiments.resume_experiment(experiment_key="hooks")
    everybody = {**DESIGN, "coverage": 0.5}
    changed = client.experiments.update_experiment(experiment_key="hooks", design=everybody).experiment
    assert [sum(phase.weights) for phase in changed.phases] == pytest.approx([1.0] * 3)
    eventually(lambda: assign(client, "bo").reason != types.ASSIGNMENT_REASON_NOT_TARGETED)
    reasons = Counter(one.reason for one in assign_all(client, [f"reader-{number}" for number in range(200)]))
    assert reasons.keys() == {types.ASSIGNMENT_REASON_ENROLLED, types.ASSIGNMENT_REASON_NOT_COVERED}
    assert assign(client, "ana") == ana
    with pytest.raises(InvalidArgument):
        client.experiments.update_experiment(
            experiment_key="hooks", design={**everybody, "kind": "EXPERIMENT_KIND_AB_TEST"}
        )
    client.experiments.complete_experiment(experiment_key="hooks", winner="joke")
    eventually(lambda: assign(client, "ana").reason == types.ASSIGNMENT_REASON_ENDED)
    assert assign(client, "ana").variant == "joke"


def test_two_servers_give_a_unit_the_same_variant(server: RunningServer, database_url: str) -> None:
    """Both servers assign the same units concurrently, in different orders, while both learn."""
    units = [f"reader-{number}" for number in range(120)]
    with RunningServer(database_url) as other, Client(server.target) as one, Client(other.target) as two:
        start(one, bandit={"update_units": 10})

        def ask(client: Client, seed: int) -> dict[str, tuple[str, float]]:
            order = np.random.default_rng(seed).permutation(units).tolist()
            results = [found for at in range(0, len(order), 12) for found in assign_all(client, order[at : at + 12])]
            return {found.unit: (found.variant, found.probability) for found in results}

        with ThreadPoolExecutor(4) as callers:
            results = list(callers.map(ask, (one, two, one, two), range(4)))
        assert all(found == results[0] for found in results[1:])
        analyses = [client.experiments.analyze_experiment(experiment_key="hooks") for client in (one, two)]
        assert [(analysis.units, analysis.crossed_count) for analysis in analyses] == [(120, 0)] * 2
        assert analyses[0].choice_probabilities == analyses[1].choice_probabilities
