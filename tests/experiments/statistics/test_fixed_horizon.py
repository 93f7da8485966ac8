"""Fixed-horizon tests against SciPy and statsmodels, and the coverage of their intervals."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from groundswell_server.experiments.statistics.fixed_horizon import (
    cohens_d,
    newcombe,
    pooled_z,
    relative_lift,
    welch_t,
    wilson,
)
from groundswell_server.experiments.statistics.variant_means import (
    VariantMean,
    VariantMeans,
    adjust,
    conversions,
    measure,
    phase_weights,
    standardize,
)
from groundswell_storage.experiments.enums import MetricKind
from tests.experiments.moments import moments_of

COUNTS = [(100, 1000, 130, 1000), (3, 40, 9, 55), (0, 30, 4, 31), (500, 510, 480, 505)]


def variant(hits: float, units: float) -> VariantMeans:
    return conversions(np.array([float(hits)]), np.array([float(units)]))


def means(*variants: VariantMeans) -> list[VariantMean]:
    weights = phase_weights(variants)
    return [standardize(each, weights) for each in variants]


@pytest.mark.parametrize(("hits_a", "units_a", "hits_b", "units_b"), COUNTS)
def test_proportions_are_those_of_statsmodels(hits_a: int, units_a: int, hits_b: int, units_b: int) -> None:
    a, b = variant(hits_a, units_a), variant(hits_b, units_b)
    found = pooled_z(a, b, phase_weights([a, b]))
    assert found.p_value == pytest.approx(proportions_ztest([hits_a, hits_b], [units_a, units_b])[1], rel=1e-10)
    low, high = confint_proportions_2indep(hits_b, units_b, hits_a, units_a, method="newcomb")
    assert (found.lower, found.upper) == (pytest.approx(low, abs=1e-10), pytest.approx(high, abs=1e-10))
    low, high = proportion_confint(hits_b, units_b, method="wilson")
    assert [bound[0] for bound in wilson(b)] == pytest.approx([low, high], abs=1e-10)


def test_means_are_those_of_scipy_and_statsmodels() -> None:
    random = np.random.default_rng(4)
    first, second = random.gamma(2.0, 3.0, 60), random.gamma(2.0, 4.0, 43)
    a, b = means(*(measure(MetricKind.MEAN, [moments_of(values)]) for values in (first, second)))
    found = welch_t(a, b, 0.9)
    scipy = stats.ttest_ind(second, first, equal_var=False)
    assert found.p_value == pytest.approx(scipy.pvalue, rel=1e-9)
    comparison = CompareMeans(DescrStatsW(second), DescrStatsW(first))
    wanted = comparison.tconfint_diff(alpha=0.1, usevar="unequal")
    assert (float(found.lower), float(found.upper)) == pytest.approx(wanted, rel=1e-9)
    pooled = ((59 * first.var(ddof=1) + 42 * second.var(ddof=1)) / 101) ** 0.5
    assert cohens_d(a, b) == pytest.approx((second.mean() - first.mean()) / pooled)


def test_ratio_and_lift_have_the_errors_of_resampling() -> None:
    """Delta method against 2,000 bootstrap samples."""
    random = np.random.default_rng(5)
    impressions = random.poisson(8, (2, 1_500)) + 1.0
    clicks = random.binomial(impressions.astype(int), np.array([[0.2], [0.24]])).astype(float)
    variants = [measure(MetricKind.RATIO, [moments_of(clicks[i], impressions[i])]) for i in (0, 1)]
    a, b = means(*variants)
    picks = random.integers(0, 1_500, (2, 2_000, 1_500))
    resampled = np.array([clicks[i][picks[i]].sum(1) / impressions[i][picks[i]].sum(1) for i in (0, 1)])
    assert a.mean == pytest.approx(clicks[0].sum() / impressions[0].sum())
    assert a.error2**0.5 == pytest.approx(resampled[0].std(), rel=0.06)
    lift = relative_lift(a, b)
    lifts = resampled[1] / resampled[0] - 1.0
    assert (float(lift.lower), float(lift.upper)) == pytest.approx(np.quantile(lifts, [0.025, 0.975]), abs=0.012)


def test_a_lift_from_a_negative_mean_keeps_its_sign() -> None:
    variants = [measure(MetricKind.MEAN, [moments_of(np.array(values))]) for values in ([-2.0, -2.2], [-1.0, -1.2])]
    lift = relative_lift(*means(*variants))
    assert lift.estimate == pytest.approx(1.0 / 2.1)
    assert lift.lower < lift.estimate < lift.upper


def test_a_lift_from_zero_is_not_a_number() -> None:
    assert np.isnan(relative_lift(*means(variant(0, 100), variant(5, 100))).estimate)


def test_a_covariate_adjusts_as_regression_does() -> None:
    """CUPED is the slope of an analysis of covariance, with a mean for each variant (statsmodels' OLS)."""
    random = np.random.default_rng(6)
    before = random.normal(10, 3, 4_000)
    treated = random.random(4_000) < 0.5
    values = 0.8 * before + random.normal(0, 1.5, 4_000) + 0.1 * treated
    variants = [moments_of(values[treated == variant], x=before[treated == variant]) for variant in (False, True)]
    found = welch_t(*means(*adjust(MetricKind.MEAN, [[moments] for moments in variants])))
    plain = welch_t(*means(*(measure(MetricKind.MEAN, [moments]) for moments in variants)))
    fit = sm.OLS(values, sm.add_constant(np.column_stack([treated, before]))).fit(cov_type="HC1")
    assert found.estimate == pytest.approx(fit.params[1], abs=2e-4)
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * fit.bse[1], rel=5e-3)
    shrunken = (found.upper - found.lower) / (plain.upper - plain.lower)
    assert shrunken == pytest.approx((1 - np.corrcoef(before, values)[0, 1] ** 2) ** 0.5, rel=0.01)


def test_a_covariate_of_a_ratio_reduces_its_variance_without_bias() -> None:
    random = np.random.default_rng(7)
    rate = random.beta(4, 16, (2, 5_000))
    views = random.poisson(10, (2, 5_000)) + 1
    before = random.binomial(20, rate) / 20
    clicks = random.binomial(views, rate)
    variants = [[moments_of(clicks[i], views[i], before[i])] for i in (0, 1)]
    plain = welch_t(*means(*(measure(MetricKind.RATIO, phases) for phases in variants)))
    found = welch_t(*means(*adjust(MetricKind.RATIO, variants)))
    shares = [(clicks[i] - clicks[i].sum() / views[i].sum() * views[i]) / views[i].mean() for i in (0, 1)]
    known = np.corrcoef(np.concatenate(shares), np.concatenate(before - before.mean(axis=1, keepdims=True)))[0, 1]
    shrunken = (found.upper - found.lower) / (plain.upper - plain.lower)
    assert shrunken == pytest.approx((1 - known**2) ** 0.5, rel=1e-3)
    assert abs(found.estimate - plain.estimate) < plain.upper - plain.estimate


def test_effects_are_combined_within_phases() -> None:
    """Simpson's paradox: b is worse in both phases, and better in the sums, because it came with the better days."""
    a = conversions(np.array([810.0, 20.0]), np.array([9_000.0, 100.0]))
    b = conversions(np.array([60.0, 1_200.0]), np.array([1_000.0, 10_000.0]))
    found = pooled_z(a, b, phase_weights([a, b]))
    assert found.upper < 0
    assert (60 + 1_200) / 11_000 > (810 + 20) / 9_100


def test_the_stratified_test_agrees_with_mantel_haenszel() -> None:
    hits_a, units_a = np.array([100.0, 60.0]), np.array([1_000.0, 500.0])
    hits_b, units_b = np.array([130.0, 78.0]), np.array([1_000.0, 520.0])
    a, b = conversions(hits_a, units_a), conversions(hits_b, units_b)
    tables = [np.array([[hits_b[i], units_b[i] - hits_b[i]], [hits_a[i], units_a[i] - hits_a[i]]]) for i in (0, 1)]
    expected = StratifiedTable(tables).test_null_odds().pvalue
    assert pooled_z(a, b, phase_weights([a, b])).p_value == pytest.approx(expected, rel=0.05)


def test_intervals_have_their_nominal_coverage() -> None:
    random = np.random.default_rng(8)
    units = np.array([[400.0], [150.0]])
    hits_a = random.binomial(400, 0.1, 4_000), random.binomial(150, 0.3, 4_000)
    hits_b = random.binomial(150, 0.15, 4_000), random.binomial(400, 0.35, 4_000)
    a = conversions(np.array(hits_a, float), np.broadcast_to(units, (2, 4_000)))
    b = conversions(np.array(hits_b, float), np.broadcast_to(units[::-1], (2, 4_000)))
    weights = phase_weights([a, b])
    found = pooled_z(a, b, weights)
    assert np.mean((found.lower <= 0.05) & (found.upper >= 0.05)) == pytest.approx(0.95, abs=0.012)
    both = welch_t(standardize(a, weights), standardize(b, weights))
    assert np.mean((both.lower <= 0.05) & (both.upper >= 0.05)) == pytest.approx(0.95, abs=0.012)
    low, high = newcombe(a, b)
    assert np.mean((low[0] <= 0.05) & (high[0] >= 0.05)) == pytest.approx(0.95, abs=0.012)


def test_a_phase_without_both_variants_is_left_out() -> None:
    a = conversions(np.array([100.0, 50.0]), np.array([1_000.0, 900.0]))
    b = conversions(np.array([130.0, 0.0]), np.array([1_000.0, 1.0]))
    assert phase_weights([a, b]).tolist() == [1.0, 0.0]
    alone = pooled_z(variant(100, 1_000), variant(130, 1_000), np.ones(1))
    assert pooled_z(a, b, phase_weights([a, b])).p_value == pytest.approx(float(alone.p_value))
