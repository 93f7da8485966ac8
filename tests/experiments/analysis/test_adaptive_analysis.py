"""The analysis of a bandit: estimates by the stored probabilities, for every kind of metric."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from groundswell_server.experiments.analysis.adaptive import analyze_metric_adaptively
from groundswell_server.experiments.analysis.experiment import Observed, Setup, analyze_observed
from groundswell_server.experiments.analysis.metric import MetricSpec
from groundswell_server.experiments.analysis.verdicts import DecidingTest, Rules
from groundswell_server.experiments.statistics import bernoulli_bound
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.variant_means import conversions
from groundswell_storage.experiments.enums import Direction, MetricKind, MetricRole, Verdict
from tests.experiments.moments import moments_of

Array = NDArray[np.float64]

PROMISE = AnalysisPlan(0.05, 20_000)
CHANCES = np.array([[0.5, 0.5], [0.3, 0.7], [0.9, 0.1], [0.2, 0.8]])


def spec(kind: MetricKind, direction: Direction = Direction.INCREASE, *, is_adjusted: bool = False) -> MetricSpec:
    return MetricSpec("metric", kind, MetricRole.PRIMARY, direction, is_adjusted)


class Log:
    """Units with their batch, variant and measurements."""

    def __init__(self, seed: int, size: int = 1_000, chances: Array = CHANCES) -> None:
        self.random = np.random.default_rng(seed)
        self.chances = chances
        self.batch = np.repeat(np.arange(len(chances)), size)
        self.arm = np.array([self.random.choice(len(chances[0]), p=chances[one]) for one in self.batch])

    def moments(self, y: Array, z: Array | None = None, x: Array | None = None) -> list[list[Moments]]:
        """(arms, batches)"""
        nothing = np.zeros(len(y))
        z, x = nothing if z is None else z, nothing if x is None else x
        found = []
        for arm in range(len(self.chances[0])):
            mine = [(self.arm == arm) & (self.batch == batch) for batch in range(len(self.chances))]
            found.append([moments_of(y[one], z[one], x[one]) for one in mine])
        return found

    def estimate(self, value: Callable[[int], Array]) -> tuple[Array, Array]:
        """The paper's formulas unit by unit: adaptively weighted AIPW of (arms,) and its covariance (arms, arms).

        `value` gives the units' values as the arm sees them.
        """
        arms = len(self.chances[0])
        scores, weights = np.zeros((len(self.arm), arms)), np.sqrt(self.chances)[self.batch]
        own = np.choose(self.arm, [value(arm) for arm in range(arms)])
        for arm in range(arms):
            values = value(arm)
            for batch in range(len(self.chances)):
                before, now = (self.batch < batch) & (self.arm == arm), self.batch == batch
                guess = values[before].mean() if before.any() else own[now].mean()
                scores[now, arm] = guess + (self.arm[now] == arm) * (values[now] - guess) / self.chances[batch, arm]
        mean = (weights * scores).sum(axis=0) / weights.sum(axis=0)
        apart = weights * (scores - mean)
        return mean, apart.T @ apart / np.outer(weights.sum(axis=0), weights.sum(axis=0))


def test_a_difference_is_that_of_the_paper_with_its_z_test() -> None:
    log = Log(1)
    y = (log.random.random(len(log.arm)) < np.array([0.2, 0.3])[log.arm]).astype(float)
    found = analyze_metric_adaptively(spec(MetricKind.CONVERSION), log.moments(y), CHANCES, 0, PROMISE, seed=1)
    mean, covariances = log.estimate(lambda arm: y)
    apart, error = mean[1] - mean[0], (covariances[0, 0] + covariances[1, 1] - 2 * covariances[0, 1]) ** 0.5
    compared = found.comparisons[1]
    assert [arm.mean for arm in found.variants] == pytest.approx(mean)
    assert compared.difference == pytest.approx(apart)
    assert compared.fixed.p_value == pytest.approx(2 * stats.norm.sf(abs(apart) / error))
    assert (compared.fixed.lower, compared.fixed.upper) == pytest.approx(stats.norm.interval(0.95, apart, error))
    assert compared.effect_size == pytest.approx(2 * np.arcsin(mean[1] ** 0.5) - 2 * np.arcsin(mean[0] ** 0.5))
    assert [arm.plain_mean for arm in found.variants] == pytest.approx([y[log.arm == arm].mean() for arm in (0, 1)])


def test_posteriors_are_those_of_all_units_together() -> None:
    log = Log(2)
    y = (log.random.random(len(log.arm)) < np.array([0.20, 0.23])[log.arm]).astype(float)
    found = analyze_metric_adaptively(spec(MetricKind.CONVERSION), log.moments(y), CHANCES, 0, PROMISE, seed=1)
    a, b = (stats.beta(1 + y[log.arm == arm].sum(), 1 + (1 - y[log.arm == arm]).sum()) for arm in (0, 1))
    better = integrate.quad(lambda x: b.pdf(x) * a.cdf(x), 0, 1, points=[0.2, 0.23])[0]
    assert found.variants[1].probability_best == pytest.approx(better, abs=1e-6)
    assert (found.variants[0].credible_lower, found.variants[0].credible_upper) == pytest.approx(a.interval(0.95))


def test_a_ratio_is_that_of_the_estimates_by_the_delta_method() -> None:
    log = Log(3)
    views = log.random.poisson(4, len(log.arm)) + 1.0
    clicks = log.random.binomial(views.astype(int), np.array([0.2, 0.3])[log.arm]).astype(float)
    found = analyze_metric_adaptively(spec(MetricKind.RATIO), log.moments(clicks, views), CHANCES, 0, PROMISE, seed=1)
    above, below = log.estimate(lambda arm: clicks)[0], log.estimate(lambda arm: views)[0]
    ratio = above / below
    mean, covariances = log.estimate(lambda arm: ratio[arm] + (clicks - ratio[arm] * views) / below[arm])
    assert [arm.mean for arm in found.variants] == pytest.approx(mean)
    assert mean == pytest.approx(ratio, abs=0.001), "linearised, it stays what it is"
    error = (covariances[0, 0] + covariances[1, 1] - 2 * covariances[0, 1]) ** 0.5
    low, high = found.comparisons[1].fixed.lower, found.comparisons[1].fixed.upper
    assert (high - low) / 2 == pytest.approx(stats.norm.ppf(0.975) * error)


def test_a_covariate_reduces_variance_and_not_the_effect() -> None:
    log = Log(4)
    before = log.random.normal(50, 10, len(log.arm))
    spent = before + np.array([0.0, 1.0])[log.arm] + log.random.normal(0, 2, len(log.arm))
    moments = log.moments(spent, x=before)
    plain = analyze_metric_adaptively(spec(MetricKind.MEAN), moments, CHANCES, 0, PROMISE, seed=1).comparisons[1]
    found = analyze_metric_adaptively(spec(MetricKind.MEAN, is_adjusted=True), moments, CHANCES, 0, PROMISE, seed=1)
    compared = found.comparisons[1]
    slope = np.polyfit(before - np.array([before[log.arm == arm].mean() for arm in (0, 1)])[log.arm], spent, 1)[0]
    mean, _ = log.estimate(lambda arm: spent - slope * (before - before.mean()))
    assert [arm.mean for arm in found.variants] == pytest.approx(mean, abs=0.01)
    assert compared.difference == pytest.approx(1.0, abs=0.25)
    assert compared.fixed.upper - compared.fixed.lower < 0.3 * (plain.fixed.upper - plain.fixed.lower)


def test_few_conversions_are_decided_by_the_exact_bound_whatever_the_allocation() -> None:
    arms = [[Moments(50, y=5, yy=5), Moments(10)], [Moments(50, y=30, yy=30), Moments(90, y=60, yy=60)]]
    chances = np.array([[0.5, 0.5], [0.1, 0.9]])
    a, b = conversions(np.array([5.0]), np.array([60.0])), conversions(np.array([90.0]), np.array([140.0]))
    for direction, harm in ((Direction.INCREASE, 1.0), (Direction.DECREASE, 0.0)):
        asked = spec(MetricKind.CONVERSION, direction)
        found = analyze_metric_adaptively(asked, arms, chances, 0, PROMISE, seed=1).comparisons[1]
        assert found.is_exact
        assert found.always_valid.p_value == pytest.approx(float(np.exp(-bernoulli_bound.log_evidence(a, b))))
        assert (found.always_valid.lower, found.always_valid.upper) == bernoulli_bound.interval(a, b, 0.05)
        assert found.harm_p == pytest.approx(harm, abs=1e-6)


@pytest.mark.parametrize(("size", "judged"), [(100, False), (500, True)])
def test_few_units_of_values_are_no_evidence_yet(size: int, judged: bool) -> None:
    log = Log(5, size)
    values = log.random.normal(np.array([0.0, 50.0])[log.arm], 1.0)
    found = analyze_metric_adaptively(spec(MetricKind.MEAN), log.moments(values), CHANCES, 0, PROMISE, seed=1)
    compared, fewest = found.comparisons[1], min(arm.units for arm in found.variants)
    assert (fewest >= 400) == judged
    assert (compared.always_valid.p_value < 0.05) == judged
    assert bool(np.isfinite(compared.always_valid.lower)) == judged
    assert compared.fixed.p_value < 0.05


def bandit_data(effect: float, seed: int = 6, lost: float = 0.0) -> tuple[Setup, Observed]:
    """A bandit with two variants that loses some units of the second one."""
    log = Log(seed, size=2_000)
    y = (log.random.random(len(log.arm)) < np.array([0.2, 0.2 + effect])[log.arm]).astype(float)
    kept = ~((log.arm == 1) & (log.random.random(len(log.arm)) < lost))
    log.arm, log.batch, y = log.arm[kept], log.batch[kept], y[kept]
    moments = log.moments(y)
    units = np.array([[arm[batch].count for arm in moments] for batch in range(len(CHANCES))], np.float64)
    setup = Setup(("control", "new"), 0, (spec(MetricKind.CONVERSION),), Rules(), 20_000, is_bandit=True)
    return setup, Observed([moments], units, CHANCES, timedelta(days=3))


def test_an_analysis_explains_why_plain_means_are_not_used() -> None:
    found = analyze_observed(*bandit_data(0.1), DecidingTest.ALWAYS_VALID)
    assert (found.decision.verdict, found.decision.winner) == (Verdict.WINNER, "new")
    assert "plain means are biased" in found.decision.explanation
    assert "probabilities that were stored with the choices" in found.decision.explanation
    assert analyze_observed(*bandit_data(0.0), DecidingTest.ALWAYS_VALID).decision.verdict is Verdict.NOT_SIGNIFICANT


def test_the_stored_probabilities_are_the_expected_split() -> None:
    assert not analyze_observed(*bandit_data(0.1), DecidingTest.ALWAYS_VALID).sample_ratio.is_mismatch
    lossy = analyze_observed(*bandit_data(0.1, lost=0.15), DecidingTest.ALWAYS_VALID)
    assert lossy.decision.verdict is Verdict.SAMPLE_RATIO_MISMATCH
    assert lossy.decision.winner == ""
    setup, observed = bandit_data(0.1, lost=0.15)
    whole = bandit_data(0.1)[1]
    crossed = Observed(observed.moments, observed.units, CHANCES, observed.runtime, whole.units - observed.units)
    assert not analyze_observed(setup, crossed, DecidingTest.ALWAYS_VALID).sample_ratio.is_mismatch
