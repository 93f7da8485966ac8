"""Expected values of the test suites of other projects, to the digits that they state.

GrowthBook's statistics engine (growthbook/growthbook, packages/stats/tests, MIT), Spotify's Confidence
(spotify/confidence, tests, Apache 2.0), confseq (gostevehoward/confseq, test/uniform_boundaries_unittest.cpp, MIT; its
own targets are from a reference implementation in R) and MABWiser (fidelity/mabwiser, tests/test_ucb.py, Apache 2.0).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from groundswell_server.experiments.bandits.rewards import Rewards
from groundswell_server.experiments.bandits.ucb import ucb1_preference
from groundswell_server.experiments.statistics.bayesian import beta_posteriors, normal_posteriors
from groundswell_server.experiments.statistics.fixed_horizon import pooled_z, relative_lift, welch_t
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.power import power, sample_size
from groundswell_server.experiments.statistics.sample_ratio_mismatch import chi_square
from groundswell_server.experiments.statistics.variant_means import (
    VariantMean,
    VariantMeans,
    adjust,
    conversions,
    measure,
    phase_weights,
    standardize,
)
from groundswell_server.statistics.confidence_sequence import (
    half_width,
    log_evidence,
    log_evidence_above,
    p_value,
)
from groundswell_storage.experiments.enums import MetricKind

ALONE = np.ones(1)
"""The weight of an only phase."""


def variant(hits: float, units: float) -> VariantMeans:
    return conversions(np.array([hits]), np.array([units]))


def over_phases(*variants: VariantMeans) -> list[VariantMean]:
    weights = phase_weights(variants)
    return [standardize(each, weights) for each in variants]


def compared(a: Moments, b: Moments, kind: MetricKind = MetricKind.MEAN) -> list[VariantMean]:
    return over_phases(measure(kind, [a]), measure(kind, [b]))


GROWTHBOOK = Moments(100, y=270, yy=848.79), Moments(120, y=300, yy=869)
"""`QUERY_OUTPUT`, dimension "one": zero and one."""


def test_growthbook_two_sided_t() -> None:
    """`test_two_sided_ttest`: absolute, five digits."""
    a = VariantMeans(np.array([3407.0]), np.array([0.41]), np.array([3.9**2]))
    b = VariantMeans(np.array([3461.0]), np.array([0.7]), np.array([6.2**2]))
    found = welch_t(*over_phases(a, b))
    assert [found.estimate, found.lower, found.upper, found.p_value] == pytest.approx(
        [0.29, 0.04538, 0.53462, 0.02016], abs=5e-6
    )


def test_growthbook_relative_lift() -> None:
    """`test_get_metric_dfs_frequentist`."""
    lift = relative_lift(*compared(*GROWTHBOOK))
    assert [lift.estimate, lift.p_value] == pytest.approx([-0.074074074, 0.145219005], abs=5e-10)


def test_growthbook_sequential() -> None:
    """`test_analyze_metric_df_sequential`, tuning parameter 600: the same confidence sequence, of the relative lift."""
    a, b = compared(*GROWTHBOOK)
    lift = (b.mean - a.mean) / a.mean
    error2 = b.error2 / a.mean**2 + b.mean**2 * a.error2 / a.mean**4
    assert p_value(log_evidence(lift, error2, 220, 600, 0.05)) == pytest.approx(0.892332229, abs=5e-10)
    assert lift - half_width(error2, 220, 600, 0.05) == pytest.approx(-0.233322085, abs=5e-10)


def test_growthbook_covariate() -> None:
    """`test_three_armed_cuped_baseline_stats_hardcoded`: deviations left by a slope for 0 and 2 together, and the lift.

    GrowthBook computes one slope for all units, and the lift relative to the control's mean before the adjustment.
    Groundswell computes the slope within variants, and the lift relative to the adjusted mean. The results differ by
    chance, by a small part of the interval.
    """
    control = Moments(3001, y=300, yy=600, x=210, xx=415, yx=-20)
    first = Moments(3000, y=222, yy=555, x=120, xx=405, yx=-10)
    second = Moments(4000, y=450, yy=900, x=300, xx=600, yx=-30)
    adjusted = adjust(MetricKind.COUNT, [[control], [second]])
    assert [each.variance[0] ** 0.5 for each in adjusted] == pytest.approx([0.434288923, 0.458953951], abs=1e-5)
    lift = relative_lift(*over_phases(*adjust(MetricKind.COUNT, [[control], [first]])))
    assert lift.estimate == pytest.approx(-0.281707154, abs=0.01 * 0.28)
    assert lift.p_value == pytest.approx(0.003732549, abs=5e-4)


def test_growthbook_bayesian() -> None:
    """`test_bayesian_binomial_ab_test` (by simulation of the log ratio: three digits) and `test_bayesian_gaussian`."""
    found = beta_posteriors([variant(49, 100), variant(51, 100)], ALONE, seed=1)
    assert found.probability_best[1] == pytest.approx(0.61052, abs=5e-4)
    assert found.expected_loss == pytest.approx([0.03872, 0.01912], abs=1e-5)
    found = normal_posteriors(compared(Moments(10, y=100, yy=1002.25), Moments(10, y=105, yy=1111.5)), seed=1)
    assert found.expected_loss == pytest.approx([0.51256, 0.01256], abs=5e-6)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((42, 104), (500, 1009), 0.0748661891),
        ((40, 100), (50, 100), 0.155218490),
        ((42, 104), (40, 100), 0.9553332),
        ((42, 104), (50, 100), 0.167668440),
        ((42, 104), (100, 150), 3.34742700e-05),
        ((42, 104), (1005, 1502), 3.97715314e-08),
    ],
)
def test_confidence_chi_square(first: tuple[int, int], second: tuple[int, int], expected: float) -> None:
    """test_chisquared.py, `test_multiple_difference`: for two variants it is the pooled z test."""
    assert pooled_z(variant(*first), variant(*second), ALONE).p_value == pytest.approx(expected, rel=1e-6)


def test_confidence_beta_binomial() -> None:
    """test_betabinomial.py, `test_summary` (Jeffreys' prior) and `test_difference` (simulated: three digits)."""
    found = beta_posteriors([variant(42, 104), variant(500, 1009)], ALONE, seed=1, prior=(0.5, 0.5))
    assert found.lower == pytest.approx([0.3132419, 0.46473987], abs=5e-8)
    assert found.upper == pytest.approx([0.49971958, 0.52636595], abs=5e-8)
    assert found.probability_best[1] == pytest.approx(0.962782, abs=5e-4)
    assert found.expected_loss == pytest.approx([0.091504838, 0.000767784], abs=5e-5)


def test_confidence_t() -> None:
    """test_ttest.py, `test_p_value_is_symmetric_and_correct`, as closely as it asks there."""
    a, b = Moments(48351, y=1.438602e6, yy=7.330581e7), Moments(50571, y=1.521974e6, yy=7.862121e7)
    assert welch_t(*compared(a, b)).p_value == pytest.approx(0.03334, rel=0.01)
    assert welch_t(*compared(b, a)).p_value == welch_t(*compared(a, b)).p_value


@pytest.mark.parametrize(
    ("difference", "variance", "alpha", "units", "expected"),
    [(0.01, 0.34 * 0.66, 0.03, (225_725, 22_572), 0.8), (0.03, 45.0, 0.05, (859_896, 859_896), 0.8345828)],
)
def test_confidence_power(
    difference: float, variance: float, alpha: float, units: tuple[int, int], expected: float
) -> None:
    """test_chisquared.py, `test_power_calculation_*`: numbers of G*Power, as closely as it asks there."""
    found = power(difference / math.sqrt(variance), units[0], alpha, units[1] / units[0])
    assert found == pytest.approx(expected, rel=5e-3)


def test_confidence_sample_size() -> None:
    """test_freqsamplesizecalculator.py, `test_sample_size_6`: 5:2, 99%, a mean of 4.56 and 1% more."""
    units = sample_size(0.01 * 4.56 / math.sqrt(2.13), 0.8, 0.01, ratio=0.4)
    assert units * 1.4 == pytest.approx(58_622, rel=1e-3)


def test_confidence_sample_ratio() -> None:
    """test_chisquared.py, `test_sample_ratio_test`, whose expectation is SciPy's."""
    from scipy.stats import chisquare

    counts = np.array([1009.0, 104.0, 1502.0, 100.0, 10.0, 150.0])
    shares = np.array([0.35, 0.04, 0.52, 0.035, 0.0035, 0.0515])
    assert chi_square(counts[None], shares[None]) == pytest.approx(chisquare(counts, shares * counts.sum()).pvalue)


def test_confseq_normal_mixtures() -> None:
    """`TestTwoSidedNormalMixture`, `TestOneSidedNormalMixture`: sum 10 at variance 100, tightest at 100."""
    seen = np.array(0.1), np.array(0.01)
    assert log_evidence(*seen, 100, 100, 0.05) == pytest.approx(-0.6510052, abs=1e-5)
    assert log_evidence_above(*seen, 100, 100, 0.05) == pytest.approx(-0.06502391, abs=1e-5)
    assert 100 * half_width(np.array(0.01), 100, 100, 0.05) == pytest.approx(30.35209, abs=1e-5)


@pytest.mark.parametrize(
    ("pulls", "total", "expected"),
    [
        ((3, 2, 5), (1, 0, 3), 0),  # test_alpha1: 1.5723, 1.5174, 1.5597
        ((4, 3, 3), (3, 1, 2), 2),  # test_ucb_t5
    ],
)
def test_mabwiser_ucb1(pulls: tuple[int, ...], total: tuple[int, ...], expected: int) -> None:
    sums = np.array(total, float)
    assert ucb1_preference(Rewards(np.array(pulls, float), sums, sums), (0.0, 1.0)).argmax() == expected
