"""Stored choices of a bandit: each once, with its probability, in batches that learn from all earlier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from groundswell_server.experiments import lifecycle
from groundswell_server.experiments.assignment.bandit_choices import choose_variants
from groundswell_server.experiments.bandits.batches import all_of
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment, AssignmentReason
from groundswell_server.experiments.catalog.catalog import read_assigners
from groundswell_server.experiments.counting.event_transaction import record_events
from groundswell_server.experiments.counting.events import Outcome
from groundswell_server.experiments.design.design import BanditOptions, Design, Metric, Variant
from groundswell_server.experiments.design.targeting_conditions import Equals
from groundswell_storage.database import Database, connect
from groundswell_storage.errors import InvalidArgument, Unavailable
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.enums import Allocation, ExperimentKind, MetricKind
from groundswell_storage.scope import Scope
from tests.experiments.sent import batch, event

DESIGN = Design(
    kind=ExperimentKind.BANDIT,
    metrics=(Metric("conversion_rate"), Metric("revenue", MetricKind.MEAN, event="purchase")),
    variants=(Variant("plain", is_control=True), Variant("spec"), Variant("joke")),
    bandit=BanditOptions(update_units=40),
)


def bandit(scope: Scope) -> Assigner:
    return read_assigners(scope, ["hooks"])["hooks"]


def started(scope: Scope, design: Design = DESIGN) -> Assigner:
    lifecycle.create_experiment(scope, "hooks", design)
    lifecycle.start_experiment(scope, "hooks")
    return bandit(scope)


def assign(scope: Scope, units: Iterable[str], **attributes: Any) -> dict[str, Assignment]:
    return choose_variants(scope, bandit(scope), dict.fromkeys(units, attributes))


def record(scope: Scope, units: Iterable[str], name: str = "conversion", value: float = 1.0) -> Outcome:
    return record_events(scope, batch(scope, *(event(unit, name, value) for unit in units))).outcome


def names(count: int, of: str = "reader") -> list[str]:
    return [f"{of}-{number}" for number in range(count)]


def arms(scope: Scope) -> Counter[int]:
    """Units that count, by variant."""
    counted: Counter[int] = Counter()
    for (_, variant), (units, _) in unit_counts.read_units(scope, bandit(scope).number).items():
        counted[variant] += units
    return counted


def test_a_choice_is_stored_with_its_batch_and_kept(scope: Scope) -> None:
    assigner = started(scope)
    first = assign(scope, names(60))
    numbers = unit_counts.unit_numbers(scope, first)
    stored = unit_counts.exposures(scope, assigner.number, numbers.values())
    (batch,) = all_of(scope, assigner.number)
    assert batch.probabilities == pytest.approx((1 / 3,) * 3, abs=0.05)
    for unit, answer in first.items():
        row = stored[numbers[unit]]
        assert (row.variant, row.phase) == (answer.variant, batch.number)
        assert answer.probability == batch.probabilities[row.variant]
        assert not answer.is_tentative
    record(scope, [unit for unit, answer in first.items() if answer.variant == 2])
    assign(scope, names(5, "later"))
    assert len(all_of(scope, assigner.number)) == 2
    assert assign(scope, names(60)) == first
    assert sum(arms(scope).values()) == 65


def test_the_next_batch_learns_from_all_before_it(scope: Scope) -> None:
    assigner = started(scope)
    assigned = assign(scope, names(300))
    converted = [unit for place, (unit, answer) in enumerate(assigned.items()) if answer.variant == 2 or place % 9 == 0]
    record(scope, converted)
    assign(scope, ["newcomer"])
    batch = all_of(scope, assigner.number)[-1]
    counts = Counter(answer.variant for answer in assigned.values())
    hits = Counter(assigned[unit].variant for unit in converted)
    # Thompson's preference by a separate simulation, ten times as long.
    random = np.random.default_rng(1)
    draws = [random.beta(1 + hits[arm], 1 + counts[arm] - hits[arm], 20_000) for arm in range(3)]
    expected = np.bincount(np.argmax(draws, axis=0), minlength=3) / 20_000
    assert batch.probabilities == pytest.approx(0.01 + 0.97 * expected, abs=0.02)
    assert min(batch.probabilities) >= 0.01
    assert (batch.number, batch.units_before) == (2, 300)


def test_an_event_alone_assigns_no_variant(scope: Scope) -> None:
    started(scope)
    assign(scope, ["ana"])
    outcome = record(scope, ["ana", "bo"])
    assert outcome.recorded_count == 1
    assert [(one.index, one.reason) for one in outcome.refused] == [(1, "UNIT_NOT_ENROLLED")]


def test_raising_the_bucket_version_chooses_again_for_returning_units(scope: Scope) -> None:
    assigner = started(scope)
    before = assign(scope, names(90))
    record(scope, before)
    lifecycle.update_experiment(scope, "hooks", replace(DESIGN, bucket_version=2))
    after = assign(scope, names(90))
    crossed = [unit for unit in before if before[unit].variant != after[unit].variant]
    stayed = [unit for unit in before if unit not in crossed]
    assert crossed
    assert stayed
    assert assign(scope, names(90)) == after, "the new choice is kept too"
    # A unit with the same variant again keeps its count, with the probability of its first choice.
    assert {unit: after[unit].probability for unit in stayed} == {unit: before[unit].probability for unit in stayed}
    assert arms(scope) == Counter(before[unit].variant for unit in stayed)
    counted = unit_counts.read_units(scope, assigner.number)
    assert sum(out for _, out in counted.values()) == len(crossed)
    sums = unit_counts.read_sums(scope, assigner.number)
    assert sum(values[0] for (_, _, metric), values in sums.items() if metric == 0) == len(stayed)
    # A third version: a unit that crossed once is not excluded twice.
    lifecycle.update_experiment(scope, "hooks", replace(DESIGN, bucket_version=3))
    third = assign(scope, names(90))
    counted = unit_counts.read_units(scope, assigner.number)
    assert sum(units + out for units, out in counted.values()) == 90
    assert sum(arms(scope).values()) == sum(third[unit].variant == before[unit].variant for unit in stayed)
    latest = all_of(scope, assigner.number)[-1]
    for unit in crossed:
        if third[unit].variant not in (before[unit].variant, after[unit].variant):
            assert third[unit].probability == latest.probabilities[third[unit].variant]


def test_raising_the_bucket_version_restarts_learning(scope: Scope) -> None:
    """Returning units leave the rarely chosen variant: the earlier units that remain would favour the leading one."""
    assigner = started(scope)
    before = assign(scope, names(600))
    record(scope, [unit for unit, answer in before.items() if answer.variant == 1])
    lifecycle.pause_experiment(scope, "hooks")
    raised = replace(DESIGN, bucket_version=2)
    lifecycle.update_experiment(scope, "hooks", raised)
    lifecycle.resume_experiment(scope, "hooks")
    first = all_of(scope, assigner.number)[-1]
    assert first.probabilities == pytest.approx((1 / 3,) * 3, abs=0.05)
    assert first.units_before == 0, "60 new units are enough to learn from them"
    new = assign(scope, names(60, "newcomer"))
    record(scope, [unit for unit, answer in new.items() if answer.variant == 2])
    lifecycle.update_experiment(scope, "hooks", replace(raised, coverage=0.9))
    assert all_of(scope, assigner.number)[-1].probabilities[2] > 0.9
    assert all_of(scope, assigner.number)[-1].units_before == 60


def test_each_phase_has_its_own_batches_and_begins_with_the_known_rewards(scope: Scope) -> None:
    assigner = started(scope)
    assigned = assign(scope, names(200))
    record(scope, [unit for unit, answer in assigned.items() if answer.variant == 1])
    lifecycle.pause_experiment(scope, "hooks")
    resumed = lifecycle.resume_experiment(scope, "hooks")
    changed = lifecycle.update_experiment(scope, "hooks", replace(DESIGN, coverage=0.5))
    batches = all_of(scope, assigner.number)
    assert [batch.phase for batch in batches] == [1, 2, 3]
    assert [phase.weights for phase in changed.phases] == [batch.probabilities for batch in batches]
    assert resumed.phases[-1].weights[1] > 0.9
    assert bandit(scope).batch == batches[-1]


def test_bandit_options_may_change_and_its_kind_may_not(scope: Scope) -> None:
    started(scope)
    faster = replace(DESIGN, allocation=Allocation.UCB, bandit=BanditOptions(update_units=10))
    assert lifecycle.update_experiment(scope, "hooks", faster).design.bandit == faster.bandit
    fixed = replace(DESIGN, kind=ExperimentKind.AB_TEST, allocation=Allocation.EQUAL, bandit=None)
    with pytest.raises(InvalidArgument) as refused:
        lifecycle.update_experiment(scope, "hooks", fixed)
    assert refused.value.reason == "EXPERIMENT_INVALID"


def test_an_excluded_unit_gets_the_control_and_no_row(scope: Scope) -> None:
    started(scope, replace(DESIGN, targeting=Equals("country", "CH"), coverage=0.5))
    results = assign(scope, names(200), country="CH")
    reasons = Counter(answer.reason for answer in results.values())
    assert reasons.keys() == {AssignmentReason.ENROLLED, AssignmentReason.NOT_COVERED}
    assert reasons[AssignmentReason.ENROLLED] == pytest.approx(100, abs=30)
    assert {answer.variant for answer in results.values() if not answer.is_enrolled} == {0}
    assert assign(scope, ["ana"], country="AT")["ana"].reason is AssignmentReason.NOT_TARGETED
    assert sum(arms(scope).values()) == reasons[AssignmentReason.ENROLLED]
    # Units within half of the coverage also take part at full coverage, and keep their variant.
    lifecycle.update_experiment(scope, "hooks", replace(DESIGN, targeting=Equals("country", "CH"), coverage=1.0))
    wider = assign(scope, names(200), country="CH")
    assert all(wider[unit] == answer for unit, answer in results.items() if answer.is_enrolled)
    assert all(answer.is_enrolled for answer in wider.values())


def test_no_choice_is_made_during_a_pause_and_after_completion(scope: Scope) -> None:
    started(scope)
    lifecycle.pause_experiment(scope, "hooks")
    assert assign(scope, ["ana"])["ana"] == Assignment(0, AssignmentReason.PAUSED)
    lifecycle.complete_experiment(scope, "hooks", "joke")
    assert assign(scope, ["ana"])["ana"] == Assignment(2, AssignmentReason.ENDED)
    assert not arms(scope)


def test_a_bandit_learns_from_values(scope: Scope) -> None:
    revenue = replace(DESIGN, metrics=(Metric("revenue", MetricKind.MEAN, event="purchase"),))
    assigner = started(scope, revenue)
    assigned = assign(scope, names(150))
    for variant, value in enumerate((10.0, 11.0, 14.0)):
        mine = [unit for unit, answer in assigned.items() if answer.variant == variant]
        record(scope, mine[::2], "purchase", value)
        record(scope, mine[1::2], "purchase", value + 2.0)
    assign(scope, ["newcomer"])
    assert all_of(scope, assigner.number)[-1].probabilities[2] > 0.95


def test_servers_that_choose_for_the_same_units_at_once_agree(database_url: str, database: Database) -> None:
    """Each server has its own connection and order, and batches end continually."""
    with database.scope("default", "tester") as scope:
        started(scope, replace(DESIGN, bandit=BanditOptions(update_units=5)))
    units = names(60)

    def serve(seed: int) -> dict[str, Assignment]:
        mine, results = connect(database_url), {}
        order = np.random.default_rng(seed).permutation(units).tolist()
        left = [sorted(order[begin : begin + 6]) for begin in range(0, len(order), 6)]
        while left:
            # On a busy machine SQLite's one writer may exceed the time-out of the others, which then retry.
            with suppress(Unavailable):
                with mine.scope("default", "tester") as scope:
                    found = assign(scope, left[-1])
                results |= found
                left.pop()
        mine.close()
        return results

    with ThreadPoolExecutor(4) as servers:
        results = list(servers.map(serve, range(4)))
    assert all(one == results[0] for one in results[1:])
    with database.scope("default", "tester") as scope:
        number = bandit(scope).number
        assert sum(arms(scope).values()) == 60
        batches = all_of(scope, number)
        assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))
        assert len(batches) > 3
        stored = unit_counts.read_units(scope, number)
        assert Counter(answer.variant for answer in results[0].values()) == arms(scope)
        assert sum(out for _, out in stored.values()) == 0
