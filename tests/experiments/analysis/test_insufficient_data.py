"""Analyses of insufficient data: a clear verdict, no unfounded result, and no number that is not finite."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import numpy as np
import pytest

from groundswell_server.experiments.analysis.comparison import Significance
from groundswell_server.experiments.analysis.experiment import Analysis, Observed, Setup, analyze_observed
from groundswell_server.experiments.analysis.metric import MetricSpec
from groundswell_server.experiments.analysis.verdicts import DecidingTest, Rules
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_storage.experiments.enums import Direction, MetricKind, MetricRole, Verdict
from tests.experiments.moments import moments_of

RANDOM = np.random.default_rng(1)
UNITS = (0, 2, 600)
"""The numbers of units of a variant."""
SHAPES = {
    "none": np.zeros(600),
    "all": np.ones(600),
    "one": np.arange(600) == 0,
    "some": RANDOM.random(600) < 0.3,
    "alike": np.full(600, 7.25),
    "below 0": RANDOM.normal(-3.0, 1.0, 600),
    "about 0": RANDOM.normal(0.0, 1.0, 600),
    "tiny": RANDOM.random(600) * 1e-200,
    "large": RANDOM.gamma(1.0, 1e8, 600),
}
PROPORTIONS = ("none", "all", "one")


def setup(kind: MetricKind, *, is_adjusted: bool = False, is_bandit: bool = False, variants: int = 2) -> Setup:
    primary = MetricSpec("primary", kind, MetricRole.PRIMARY, Direction.INCREASE, is_adjusted)
    keys = ("control", "blue", "red")[:variants]
    return Setup(keys, 0, (primary,), Rules(), 1_000, is_bandit=is_bandit)


def said(setup: Setup, arms: list[Moments]) -> Analysis:
    units = np.array([[float(arm.count) for arm in arms]])
    moments = [[arm] for arm in arms]
    seen = Observed([moments], units, np.full(units.shape, 1 / len(arms)), timedelta(days=3))
    return analyze_observed(setup, seen, DecidingTest.FIXED, seed=1)


def judged(analysis: Analysis) -> Iterator[Significance]:
    for answer in analysis.results:
        for comparison in answer.comparisons.values():
            yield from filter(None, (comparison.fixed, comparison.always_valid, comparison.lift_test))


def figures(analysis: Analysis) -> Iterator[float]:
    """Returns all numbers of an analysis, except intervals, which may be absent."""
    yield from (analysis.decision.confidence, analysis.sample_ratio.p_value, analysis.sample_ratio.always_valid_p)
    for answer in analysis.results:
        for arm in answer.variants:
            yield from (arm.mean, arm.probability_best, arm.expected_loss)
        for comparison in answer.comparisons.values():
            yield from (comparison.difference, comparison.effect_size, comparison.lift or 0.0, comparison.harm_p)


@pytest.mark.parametrize("is_bandit", [False, True])
@pytest.mark.parametrize("is_adjusted", [False, True])
@pytest.mark.parametrize("kind", [MetricKind.CONVERSION, MetricKind.MEAN, MetricKind.RATIO])
def test_all_results_are_finite_whatever_the_data(kind: MetricKind, is_adjusted: bool, is_bandit: bool) -> None:
    shapes = PROPORTIONS if kind is MetricKind.CONVERSION else tuple(SHAPES)
    asked = setup(kind, is_adjusted=is_adjusted, is_bandit=is_bandit)
    with np.errstate(all="raise", under="ignore"):
        for first, second, units in product(shapes, shapes, UNITS):
            control, blue = SHAPES[first][:units] * 1.0, SHAPES[second] * 1.0
            below = np.minimum(blue, 1.0) if second in PROPORTIONS else 1.0
            found = said(asked, [moments_of(control, 1.0, control), moments_of(blue, below, 3.0)])
            where = f"{units} units {first}, 600 {second}"
            assert all(map(math.isfinite, figures(found))), where
            for test in judged(found):
                assert 0.0 <= test.p_value <= 1.0, where
                assert test.lower <= test.upper, where
                assert math.isfinite(test.lower) is math.isfinite(test.upper), where
            for answer in found.results:
                assert sum(arm.probability_best for arm in answer.variants) == pytest.approx(1.0), where


@pytest.mark.parametrize("nothing", [0.0, 1e-300])
@pytest.mark.parametrize("is_bandit", [False, True])
@pytest.mark.parametrize("is_adjusted", [False, True])
def test_a_ratio_with_a_zero_denominator_has_no_result(is_adjusted: bool, is_bandit: bool, nothing: float) -> None:
    """No unit of the control has an impression, so its click-through rate is unknown."""
    views = RANDOM.poisson(4, 600) + 1.0
    clicks = RANDOM.binomial(views.astype(int), 0.3)
    before = RANDOM.normal(5.0, 1.0, 600)
    asked = setup(MetricKind.RATIO, is_adjusted=is_adjusted, is_bandit=is_bandit)
    found = said(asked, [moments_of(np.ones(600), nothing, before), moments_of(clicks, views, before)])
    compared = found.results[0].comparisons[1]
    assert (compared.fixed.p_value, compared.always_valid.p_value, compared.harm_p) == (1.0, 1.0, 1.0)
    assert (compared.fixed.lower, compared.fixed.upper) == (-math.inf, math.inf)
    assert compared.lift is None
    assert found.decision.verdict is Verdict.NOT_SIGNIFICANT
    assert [arm.units for arm in found.results[0].variants] == [600, 600]


def test_equal_values_have_no_interval() -> None:
    """GrowthBook's `ZERO_NEGATIVE_VARIANCE_MESSAGE`: no p value below 1, and no interval that contradicts it."""
    found = said(setup(MetricKind.MEAN), [moments_of(np.full(600, 2.0)), moments_of(np.full(600, 3.0))])
    compared = found.results[0].comparisons[1]
    assert (compared.difference, compared.lift) == (1.0, 0.5)
    for test in judged(found):
        assert (test.p_value, test.lower, test.upper) == (1.0, -math.inf, math.inf)
    assert found.results[0].variants[0].credible_upper == math.inf
    assert found.decision.verdict is Verdict.NOT_SIGNIFICANT


@pytest.mark.parametrize("variants", [2, 3])
@pytest.mark.parametrize("kind", list(MetricKind)[1:])
def test_equal_variants_are_equally_likely_the_best(kind: MetricKind, variants: int) -> None:
    alike = [moments_of(np.ones(600), 1.0)] * variants
    for arms in (alike, [Moments()] * variants):
        best = [arm.probability_best for arm in said(setup(kind, variants=variants), arms).results[0].variants]
        assert best == pytest.approx([1 / variants] * variants, abs=0.01)


def test_a_covariate_that_is_the_same_for_all_changes_nothing() -> None:
    values = [RANDOM.gamma(2.0, 3.0, 600) for _ in range(2)]
    plain = said(setup(MetricKind.MEAN), [moments_of(each) for each in values])
    found = said(setup(MetricKind.MEAN, is_adjusted=True), [moments_of(each, x=3.0) for each in values])
    assert found.results[0].comparisons[1].fixed == plain.results[0].comparisons[1].fixed


@pytest.mark.parametrize("variants", [2, 3])
def test_equal_values_have_no_best_variant_whatever_the_rounding(variants: int) -> None:
    """The mean of 999 times 0.1 is not that of 1,001 times."""
    arms = [moments_of(np.full(units, 0.1)) for units in (999, 1_001, 1_003)[:variants]]
    assert len({arm.y / arm.count for arm in arms}) > 1
    for arm in said(setup(MetricKind.MEAN, variants=variants), arms).results[0].variants:
        assert arm.probability_best == pytest.approx(1 / variants, abs=0.01)


@pytest.mark.parametrize(("mean", "is_known"), [(1e5, True), (1e6, True), (1e8, False), (9e8, False)])
def test_a_variance_lost_in_rounding_is_unknown(mean: float, is_known: bool) -> None:
    random = np.random.default_rng(5)
    arms = [moments_of(random.normal(mean, 1.0, 2_000)) for _ in range(2)]
    answer = said(setup(MetricKind.MEAN), arms).results[0]
    tested = answer.comparisons[1].fixed
    half = (tested.upper - tested.lower) / 2
    if is_known:
        assert half == pytest.approx(1.96 * (2 / 2_000) ** 0.5, rel=0.1)
    else:
        assert (half, tested.p_value) == (np.inf, 1.0)
        assert all(math.isinf(arm.credible_lower) for arm in answer.variants)


def test_means_are_reported_before_every_variant_has_units() -> None:
    arms = said(setup(MetricKind.MEAN), [moments_of([3.0]), Moments()]).results[0].variants
    assert [arm.mean for arm in arms] == [3.0, 0.0]
