"""Bandits: correct choice probabilities, low regret, and estimates that account for adaptive allocation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from groundswell_server.experiments.analysis.adaptive import compare_adaptive
from groundswell_server.experiments.bandits.adaptive_estimates import Batches, estimate
from groundswell_server.experiments.bandits.choice_probabilities import choose, with_floor
from groundswell_server.experiments.bandits.replay import Policy
from groundswell_server.experiments.bandits.rewards import Rewards
from groundswell_server.experiments.bandits.thompson import beta_preference, normal_gamma_preference, top_two
from groundswell_server.experiments.bandits.ucb import ucb1_preference
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.sample_ratio_mismatch import check_sample_ratio
from groundswell_storage.experiments.enums import Direction
from tests.simulate import bandit_runs as runs


def seeded(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@settings(deadline=None)
@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=120).filter(any))
def test_every_variant_keeps_its_floor(parts: list[int]) -> None:
    mixed = with_floor([part / sum(parts) for part in parts])
    assert sum(mixed) == pytest.approx(1.0)
    assert min(mixed) >= min(0.01, 1 / len(parts)) - 1e-12


def test_the_floor_is_one_percent_and_the_rest_is_allocated_by_preference() -> None:
    assert with_floor((0.75, 0.25, 0.0)) == pytest.approx((0.7375, 0.2525, 0.01))
    assert with_floor((1.0, *[0.0] * 199)) == pytest.approx((1 / 200,) * 200)


def test_choices_have_their_probabilities() -> None:
    probabilities = (0.01, 0.29, 0.7)
    counts = np.bincount([choose(probabilities, draw) for draw in seeded().random(20_000)], minlength=3)
    assert stats.chisquare(counts, np.array(probabilities) * 20_000).pvalue > 0.01
    assert choose((0.1, 0.9 - 1e-12, 0.0), 1.0 - 1e-16) == 1


def test_thompson_chooses_by_the_probability_of_being_best() -> None:
    """Against integration of the posteriors."""
    rewards = Rewards(np.array([40.0, 60.0, 50.0]), np.array([4.0, 9.0, 6.0]), np.array([4.0, 9.0, 6.0]))
    posteriors = [
        stats.beta(hits + 1, pulls - hits + 1) for pulls, hits in zip(rewards.pulls, rewards.total, strict=True)
    ]
    expected = [
        integrate.quad(
            lambda x, arm=arm: arm.pdf(x) * np.prod([other.cdf(x) for other in posteriors if other is not arm]), 0, 1
        )[0]
        for arm in posteriors
    ]
    found = np.mean([beta_preference(rewards, seeded(seed)) for seed in range(20)], axis=0)
    assert found == pytest.approx(expected, abs=0.01)


def test_normal_gamma_is_students_t() -> None:
    """Two variants, against the posterior of Murphy 2007 by SciPy."""
    values = [np.array([1.0, 2.0, 4.0, 3.0]), np.array([2.5, 3.5, 5.0])]
    rewards = Rewards(*(np.array(column) for column in zip(*[(len(v), v.sum(), v @ v) for v in values], strict=True)))
    everything = np.concatenate(values)
    posteriors = []
    for arm in values:
        strength = 1 + len(arm)
        mean = (everything.mean() + arm.sum()) / strength
        shape = 1 + len(arm) / 2
        rate = everything.var() + ((arm - arm.mean()) ** 2).sum() / 2
        rate += len(arm) * (arm.mean() - everything.mean()) ** 2 / (2 * strength)
        posteriors.append(stats.t(2 * shape, mean, (rate / (shape * strength)) ** 0.5))
    expected = integrate.quad(lambda x: posteriors[1].pdf(x) * posteriors[0].cdf(x), -50, 50, limit=200)[0]
    found = np.mean([normal_gamma_preference(rewards, seeded(seed))[1] for seed in range(20)])
    assert found == pytest.approx(expected, abs=0.01)


def test_equal_values_prefer_no_variant() -> None:
    same = Rewards(np.array([3.0, 0.0]), np.array([6.0, 0.0]), np.array([12.0, 0.0]))
    assert normal_gamma_preference(same, seeded()).tolist() == [0.5, 0.5]
    assert normal_gamma_preference(Rewards.none(4), seeded()).tolist() == [0.25] * 4


def test_top_two_agrees_with_repeated_draws() -> None:
    """Russo's algorithm itself: draw the best; with half of the chances draw again until another is best."""
    best, random = np.array([0.7, 0.25, 0.05]), seeded()
    counts = np.zeros(3)
    for _ in range(20_000):
        chosen = first = random.choice(3, p=best)
        if random.random() > 0.5:
            while chosen == first:
                chosen = random.choice(3, p=best)
        counts[chosen] += 1
    assert top_two(best) == pytest.approx(counts / 20_000, abs=0.012)
    certain = top_two(np.array([1.0, 0.0, 0.0]))
    assert certain.tolist() == pytest.approx([0.5, 0.25, 0.25], abs=0.01)


def test_ucb1_is_its_formula() -> None:
    rewards = Rewards(np.array([10.0, 40.0]), np.array([60.0, 320.0]), np.zeros(2))
    index = rewards.means / 10 + np.sqrt(2 * np.log(50) / rewards.pulls)
    assert ucb1_preference(rewards, (0.0, 10.0)).argmax() == index.argmax() == 0
    assert ucb1_preference(Rewards(np.array([5.0, 0.0, 0.0]), np.ones(3), np.ones(3)), (0, 1)).tolist() == [0, 0.5, 0.5]
    with pytest.raises(ValueError, match="above the lowest"):
        ucb1_preference(rewards, (1.0, 1.0))


@pytest.mark.parametrize("policy", [runs.thompson, runs.thompson_top_two, runs.ucb1, runs.thompson_of_values])
def test_bandits_have_less_regret_than_a_uniform_split(policy: Policy) -> None:
    uniform, _ = runs.mean_regret(runs.uniform, runs.THREE_ARMS, 5_000, 5)
    regret, _ = runs.mean_regret(policy, runs.THREE_ARMS, 5_000, 5)
    assert regret < 0.95 * uniform


def test_a_run_can_be_repeated() -> None:
    first, second = (runs.run(runs.thompson, runs.TEN_ARMS, 1_000, seeded(7)) for _ in range(2))
    assert (first.batches.count == second.batches.count).all()


def test_the_stored_probabilities_pass_the_mismatch_test() -> None:
    batches = runs.run(runs.thompson, runs.THREE_ARMS, 5_000, seeded(3)).batches
    assert not check_sample_ratio(batches.count, batches.probabilities, by_phase=False).is_mismatch
    naive = check_sample_ratio(batches.count.sum(axis=0, keepdims=True), np.full((1, 3), 1 / 3))
    assert naive.is_mismatch


def test_estimates_are_the_scores_of_single_units() -> None:
    """The formulas of the paper, unit by unit."""
    random, shares = seeded(2), np.array([0.3, 0.5])
    probabilities = np.array([[0.5, 0.5], [0.3, 0.7], [0.9, 0.1]])
    arms = [random.choice(2, 40, p=row) for row in probabilities]
    rewards = [random.normal(shares[chosen], 1.0) for chosen in arms]
    columns = [
        [[float(np.sum(figure[chosen == arm])) for arm in (0, 1)] for chosen, figure in zip(arms, figures, strict=True)]
        for figures in ([np.ones(40)] * 3, rewards, [reward**2 for reward in rewards])
    ]
    found = estimate(Batches(probabilities, *(np.array(column) for column in columns)))
    scores, weights = [], []
    for batch in range(3):
        past_arms, past = np.concatenate([[], *arms[:batch]]), np.concatenate([[], *rewards[:batch]])
        guess = np.array([past[past_arms == arm].mean() if batch else rewards[0].mean() for arm in (0, 1)])
        for chosen, reward in zip(arms[batch], rewards[batch], strict=True):
            score = guess.copy()
            score[chosen] += (reward - guess[chosen]) / probabilities[batch, chosen]
            scores.append(score)
            weights.append(np.sqrt(probabilities[batch]))
    scores, weights = np.array(scores), np.array(weights)
    mean = (weights * scores).sum(axis=0) / weights.sum(axis=0)
    apart = weights * (scores - mean)
    assert found.mean == pytest.approx(mean)
    assert found.covariance == pytest.approx(apart.T @ apart / np.outer(weights.sum(axis=0), weights.sum(axis=0)))


def test_estimates_have_little_of_the_bias_of_plain_means() -> None:
    """200 bandits on three equal variants: one that begins badly is rarely tried, and its plain mean stays low."""
    estimates, plain, covered = [], [], []
    for seed in range(200):
        batches = runs.run(runs.thompson, (0.5, 0.5, 0.5), 800, seeded(seed)).batches
        found = estimate(batches)
        estimates.append(found.mean)
        plain.append(batches.total.sum(axis=0) / batches.count.sum(axis=0))
        apart, error2 = found.difference(0, 2)
        covered.append(abs(apart) <= 1.96 * error2**0.5)
    bias, plain_bias = np.mean(estimates) - 0.5, np.mean(plain) - 0.5
    assert plain_bias < -0.01
    assert abs(bias) < 0.6 * abs(plain_bias)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.05)


def test_a_clear_difference_of_a_bandit_is_significant() -> None:
    estimates = estimate(runs.run(runs.thompson, (0.2, 0.4), 6_000, seeded(1)).batches)
    found = compare_adaptive(estimates, 0, 1, 0.45, AnalysisPlan(0.05, 6_000), Direction.INCREASE)
    assert found.fixed.p_value < found.always_valid.p_value < 0.05
    assert found.always_valid.lower < found.fixed.lower < 0.2 < found.fixed.upper < found.always_valid.upper
    assert found.harm_p == 1.0
    assert found.lift == pytest.approx(1.0, abs=0.4)
    assert found.lift_test is not None
    assert found.lift_test.lower < 1.0 < found.lift_test.upper
    feared = compare_adaptive(estimates, 0, 1, 0.45, AnalysisPlan(0.05, 6_000), Direction.DECREASE)
    assert feared.harm_p < 0.05


def test_no_rewards_give_no_result() -> None:
    empty = estimate(Batches(np.full((1, 2), 0.5), *(np.zeros((1, 2)) for _ in range(3))))
    found = compare_adaptive(empty, 0, 1, 1.0, AnalysisPlan(0.05, 100), Direction.INCREASE)
    assert (found.fixed.p_value, found.always_valid.p_value, found.lift) == (1.0, 1.0, None)
