"""Replay of logged choices: a policy learns from the accepted rows, and its reward is estimated."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from groundswell_server.experiments.bandits.replay import Log, replay
from groundswell_server.experiments.bandits.rewards import Rewards
from tests.simulate import bandit_runs as runs

Array = NDArray[np.float64]

TRUTH = np.array([0.05, 0.10, 0.20])
SKEWED = np.array([0.6, 0.3, 0.1])


def log(units: int = 15_000, shares: Array = SKEWED, seed: int = 5) -> Log:
    random = np.random.default_rng(seed)
    arms = random.choice(3, units, p=shares)
    return Log(arms, (random.random(units) < TRUTH[arms]).astype(float), shares[arms])


def always_the_second(rewards: Rewards, random: np.random.Generator) -> Array:
    return np.array([0.0, 1.0, 0.0])


def test_a_policy_that_never_learns_earns_what_inverse_propensities_say() -> None:
    mine = log()
    found = replay(always_the_second, mine, 3, np.random.default_rng(6), batch=10**9)
    chances = np.array([0.01, 0.98, 0.01])
    assert found.estimate == pytest.approx(float(np.mean(chances[mine.variants] / mine.propensities * mine.rewards)))
    assert found.estimate == pytest.approx(float(chances @ TRUTH), abs=0.01)


def test_accepted_rows_are_distributed_as_if_the_policy_had_chosen_them() -> None:
    found = replay(always_the_second, log(), 3, np.random.default_rng(6))
    assert stats.chisquare(found.pulls, np.array([0.01, 0.98, 0.01]) * found.units).pvalue > 0.01
    assert found.units == pytest.approx(1_500, abs=120), "one row in ten, for the rarest arm has a tenth of them"
    assert found.reward == pytest.approx(0.10, abs=0.025)


def test_of_a_uniform_log_a_row_counts_where_both_chose_the_same() -> None:
    """The algorithm of Li et al."""
    mine = log(shares=np.full(3, 1 / 3))
    found = replay(always_the_second, mine, 3, np.random.default_rng(6))
    chances, draws = np.array([0.01, 0.98, 0.01]), np.random.default_rng(6).random(15_000)
    same = draws < chances[mine.variants]
    assert (found.units, found.reward) == (same.sum(), pytest.approx(mine.rewards[same].mean()))


@pytest.mark.parametrize("shares", [np.full(3, 1 / 3), SKEWED])
def test_the_better_policy_has_the_higher_estimate(shares: Array) -> None:
    mine = log(40_000, shares)
    learned, uniform = (replay(policy, mine, 3, np.random.default_rng(6)) for policy in (runs.thompson, runs.uniform))
    assert learned.estimate > 0.15 > uniform.estimate
    assert uniform.estimate == pytest.approx(TRUTH.mean(), abs=0.01)
    assert learned.estimate == pytest.approx(learned.reward, abs=0.02)


def test_the_estimate_is_the_reward_of_the_policy_in_service() -> None:
    """Thompson on its own units, as many as it accepted of the log, over twenty runs of each."""
    replays = [replay(runs.thompson, log(6_000, seed=seed), 3, np.random.default_rng(seed)) for seed in range(20)]
    units = round(float(np.mean([one.units for one in replays])), -2)
    served = [runs.run(runs.thompson, TRUTH.tolist(), int(units), np.random.default_rng(seed)) for seed in range(20)]
    earned = [float((one.batches.count @ TRUTH).sum() / units) for one in served]
    spread = (np.var(earned) + np.var([one.estimate for one in replays])) ** 0.5
    assert np.mean([one.estimate for one in replays]) == pytest.approx(np.mean(earned), abs=4 * spread / 20**0.5)


def test_a_log_has_to_be_consistent() -> None:
    arms, rewards, propensities = np.array([0, 1]), np.array([1.0, 0.0]), np.array([0.5, 0.5])
    for columns, why in (
        ((arms, rewards[:1], propensities), "for each unit"),
        ((arms[:0], rewards[:0], propensities[:0]), "at least one unit"),
        ((arms, rewards, np.array([0.5, 0.0])), "above 0"),
        ((arms, rewards, np.array([0.5, 1.5])), "at most 1"),
        ((arms, np.array([1.0, np.nan]), propensities), "finite"),
        ((arms - 1, rewards, propensities), "from 0"),
    ):
        with pytest.raises(ValueError, match=why):
            Log(*columns)
    with pytest.raises(ValueError, match="a variant 1"):
        replay(runs.uniform, Log(arms, rewards, propensities), 1, np.random.default_rng(1))
