"""The policy of a bandit, computed from its design and the rewards of its variants."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from groundswell_server.experiments.bandits.batches import MIN_BATCH_SHARE, Batch
from groundswell_server.experiments.bandits.choice_probabilities import choose, draw
from groundswell_server.experiments.bandits.policy import probabilities
from groundswell_server.experiments.bandits.rewards import rewards_of
from groundswell_server.experiments.bandits.ucb import ucb1_preference
from groundswell_server.experiments.design.design import BanditOptions, Design, Metric, Variant
from groundswell_server.experiments.design.validation import complete
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.experiments.enums import Allocation, Direction, ExperimentKind, MetricKind
from tests.experiments.moments import moments_of

CONVERSION = Metric("conversion_rate")
SPENT = Metric("spent", MetricKind.MEAN, event="purchase")


def bandit(metric: Metric = CONVERSION, arms: int = 2, **others: Any) -> Design:
    variants = (Variant("plain", is_control=True), *(Variant(f"new-{number}") for number in range(1, arms)))
    design = Design((metric,), variants, **{"kind": ExperimentKind.BANDIT, **others})
    return complete(design, "hooks")


def chances(design: Design, *arms: Moments) -> tuple[float, ...]:
    return probabilities(design, arms, np.random.default_rng(1))


def test_a_bandit_uses_thompson_sampling_by_default() -> None:
    assert bandit().allocation is Allocation.THOMPSON
    assert bandit(kind=ExperimentKind.AB_TEST, allocation=Allocation.UCB).is_bandit
    assert not bandit(kind=ExperimentKind.AB_TEST).is_bandit
    assert bandit(kind=ExperimentKind.AB_TEST).bandit is None
    assert bandit().bandit == BanditOptions()


@pytest.mark.parametrize(
    ("field", "metric", "wrong"),
    [
        ("allocation", CONVERSION, {"allocation": Allocation.EQUAL}),
        ("allocation", CONVERSION, {"allocation": Allocation.WEIGHTED}),
        ("allocation", CONVERSION, {"kind": ExperimentKind.SEQUENTIAL, "allocation": Allocation.UCB}),
        ("bandit", CONVERSION, {"kind": ExperimentKind.AB_TEST, "bandit": BanditOptions()}),
        ("bandit.top_two", CONVERSION, {"allocation": Allocation.UCB, "bandit": BanditOptions(top_two=True)}),
        ("bandit.lowest_reward", SPENT, {"allocation": Allocation.UCB}),
        (
            "bandit.highest_reward",
            SPENT,
            {"allocation": Allocation.UCB, "bandit": BanditOptions(lowest_reward=0.0)},
        ),
        (
            "bandit.highest_reward",
            SPENT,
            {"allocation": Allocation.UCB, "bandit": BanditOptions(lowest_reward=2.0, highest_reward=2.0)},
        ),
        ("bandit.lowest_reward", SPENT, {"bandit": BanditOptions(lowest_reward=0.0, highest_reward=9.0)}),
        (
            "bandit.lowest_reward",
            CONVERSION,
            {"allocation": Allocation.UCB, "bandit": BanditOptions(lowest_reward=0.0, highest_reward=9.0)},
        ),
    ],
)
def test_contradictory_options_are_refused_with_their_field(field: str, metric: Metric, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as refused:
        bandit(metric, **wrong)
    assert [one.field for one in refused.value.fields] == [f"design.{field}"]


def test_the_direction_of_the_design_is_used() -> None:
    few, many = Moments(200, y=20, yy=20), Moments(200, y=80, yy=80)
    for direction, best in ((Direction.DECREASE, 0), (Direction.INCREASE, 1)):
        for metric in (CONVERSION, SPENT):
            found = chances(bandit(replace(metric, direction=direction)), few, many)
            assert found[best] > 0.95
    bounds = BanditOptions(lowest_reward=0.0, highest_reward=1.0)
    frugal = replace(SPENT, direction=Direction.DECREASE)
    assert chances(bandit(frugal, allocation=Allocation.UCB, bandit=bounds), few, many)[0] == pytest.approx(0.99)


def test_ucb_scales_values_by_the_bounds_that_are_given() -> None:
    """The variant with fewer units wins if its bonus exceeds the difference of means, given the bounds."""
    arms = [Moments(100, y=6_000, yy=400_000), Moments(1_000, y=70_000, yy=5_000_000)]
    rewards = rewards_of(MetricKind.MEAN, Direction.INCREASE, arms)
    assert rewards.means.tolist() == [60.0, 70.0]
    for bounds in ((0.0, 100.0), (50.0, 80.0)):
        options = BanditOptions(lowest_reward=bounds[0], highest_reward=bounds[1])
        expected = ucb1_preference(rewards, bounds)
        found = chances(bandit(SPENT, allocation=Allocation.UCB, bandit=options), *arms)
        assert np.array(found) == pytest.approx(0.01 + 0.98 * expected)
    assert ucb1_preference(rewards, (0.0, 100.0)).tolist() == [1.0, 0.0]
    assert ucb1_preference(rewards, (50.0, 80.0)).tolist() == [0.0, 1.0]


def test_rewards_are_those_of_the_units() -> None:
    values = np.array([1.0, 4.0, 0.0, 2.5])
    found = rewards_of(MetricKind.COUNT, Direction.INCREASE, [moments_of(values), Moments()])
    assert (found.pulls.tolist(), found.total.tolist()) == ([4.0, 0.0], [7.5, 0.0])
    assert found.squares[0] == pytest.approx(values @ values)


def test_a_ratio_is_rewarded_by_each_units_share_in_it() -> None:
    random = np.random.default_rng(3)
    views = random.poisson(5, 500) + 1.0
    clicks = random.binomial(views.astype(int), 0.3).astype(float)
    found = rewards_of(MetricKind.RATIO, Direction.INCREASE, [moments_of(clicks, views)])
    ratio = clicks.sum() / views.sum()
    shares = ratio + (clicks - ratio * views) / views.mean()
    assert found.means[0] == pytest.approx(ratio)
    assert found.squares[0] == pytest.approx(shares @ shares)


def test_top_two_gives_the_others_half() -> None:
    arms = [Moments(500, y=50, yy=50), Moments(500, y=60, yy=60), Moments(500, y=200, yy=200)]
    assert chances(bandit(arms=3), *arms)[2] == pytest.approx(0.98)
    assert chances(bandit(arms=3, bandit=BanditOptions(top_two=True)), *arms)[2] == pytest.approx(0.5, abs=0.02)


def test_a_batch_ends_with_its_units_or_its_time() -> None:
    options = BanditOptions(update_units=100, update_interval=timedelta(minutes=10))
    began = datetime(2026, 1, 5, 12, tzinfo=UTC)
    batch = Batch(3, 1, (0.5, 0.5), 1_000, began)
    soon, late = began + timedelta(minutes=1), began + timedelta(minutes=10)
    assert not batch.is_over(99, soon, options)
    assert batch.is_over(100, soon, options)
    assert batch.is_over(20, late, options)
    assert not batch.is_over(19, late, options), "2% of the units before it are the least"
    assert not replace(batch, units_before=0).is_over(0, late, options)


def test_the_number_of_batches_grows_with_the_logarithm_of_the_units() -> None:
    options, began = BanditOptions(update_units=1), datetime(2026, 1, 5, tzinfo=UTC)
    units = batches = 0
    while units < 10_000_000:
        batch, size = Batch(batches + 1, 1, (1.0,), units, began), max(1, int(MIN_BATCH_SHARE * units))
        while not batch.is_over(size, began, options):
            size += 1
        units, batches = units + size, batches + 1
    assert batches < 800


def test_draws_are_uniform_and_differ_by_seed() -> None:
    units = [f"reader-{number}" for number in range(20_000)]
    first, second = (np.array([draw(seed, unit) for unit in units]) for seed in ("hooks:1", "hooks:2"))
    assert np.histogram(first, 20, (0.0, 1.0))[0] == pytest.approx(np.full(20, 1_000), abs=150)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    chances = (0.01, 0.02, 0.97)
    counts = np.bincount([choose(chances, one) for one in first], minlength=3) / 20_000
    assert counts == pytest.approx(chances, abs=0.004)
