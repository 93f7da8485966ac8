"""Tests of sample ratio mismatch (SRM): sensitivity and false alarms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from groundswell_server.experiments.statistics.sample_ratio_mismatch import always_valid, check_sample_ratio, chi_square

HALVES = np.array([[0.5, 0.5]])


@pytest.mark.parametrize(
    ("counts", "shares"),
    [((5_000, 5_300), (0.5, 0.5)), ((90, 210, 700), (0.1, 0.2, 0.7)), ((10, 0, 12), (0.5, 0.0, 0.5))],
)
def test_one_phase_is_pearsons_test(counts: tuple[float, ...], shares: tuple[float, ...]) -> None:
    due = np.array(shares)
    expected = stats.chisquare(np.array(counts)[due > 0], (due * sum(counts))[due > 0]).pvalue
    assert chi_square(np.array([counts], float), due[None]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("more", "alarms"), [(5_164, False), (5_165, True)])
def test_a_mismatch_is_a_p_value_below_one_in_a_thousand_on_either_side(more: int, alarms: bool) -> None:
    """Of 10,000 units halved: 10.8276 is the chi-square value of p = 0.001, which 328 units apart miss and 330 pass."""
    for counts in ((more, 10_000 - more), (10_000 - more, more)):
        found = check_sample_ratio(np.array([counts], float), HALVES)
        assert found.least_p == found.p_value == pytest.approx(stats.chisquare(counts).pvalue)
        assert found.is_mismatch is alarms is (found.least_p < 0.001)


def test_phases_with_different_splits_are_no_mismatch() -> None:
    """2,000 healthy experiments: a change of weights only makes the totals look wrong."""
    random = np.random.default_rng(3)
    shares = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    p_values = np.array(
        [
            chi_square(
                np.array([random.multinomial(units, due) for units, due in zip((500, 900, 300), shares, strict=True)]),
                shares,
            )
            for _ in range(2_000)
        ]
    )
    for alpha in (0.01, 0.05, 0.5):
        assert np.mean(p_values < alpha) == pytest.approx(alpha, abs=4 * (alpha * (1 - alpha) / 2_000) ** 0.5)


def test_lost_units_are_detected_overall_and_by_phase() -> None:
    shares = np.repeat(HALVES, 2, axis=0)
    lost = check_sample_ratio(np.array([[1_000.0, 1_010.0], [5_000.0, 5_500.0]]), shares)
    assert lost.is_mismatch
    assert lost.phase_p_values[0] > 0.5
    assert lost.phase_p_values[1] < 0.001
    opposed = check_sample_ratio(np.array([[5_500.0, 5_000.0], [5_000.0, 5_500.0]]), shares)
    assert opposed.p_value == 1.0
    assert opposed.is_mismatch


def test_phases_that_each_deviate_a_little_are_a_mismatch_together() -> None:
    """No phase is a mismatch and the totals are even; the anytime-valid test multiplies the evidence of the phases."""
    found = check_sample_ratio(np.array([[63.0, 37.0], [37.0, 63.0]] * 4), np.repeat(HALVES, 8, axis=0))
    assert found.p_value == 1.0
    assert found.phase_p_values.min() == pytest.approx(stats.chisquare([63, 37]).pvalue)
    assert found.phase_p_values.min() > 0.005
    assert found.always_valid_p < 0.001
    assert found.is_mismatch
    assert found.least_p == found.always_valid_p


def test_a_unit_where_none_was_expected_is_a_mismatch() -> None:
    found = check_sample_ratio(np.array([[100.0, 1.0]]), np.array([[1.0, 0.0]]))
    assert (found.p_value, found.always_valid_p) == (0.0, 0.0)


@pytest.mark.parametrize("counts", [(0, 0), (0, 9), (3, 2)])
def test_few_units_are_no_mismatch(counts: tuple[float, float]) -> None:
    assert not check_sample_ratio(np.array([counts], float), HALVES).is_mismatch


def test_the_anytime_valid_test_is_its_bayes_factor() -> None:
    """Dirichlet(1, 1) over a fair split: the beta-binomial against the binomial, by scipy."""
    expected = stats.binom.pmf(70, 200, 0.5) / stats.betabinom.pmf(70, 200, 1, 1)
    assert always_valid(np.array([[70.0, 130.0]]), HALVES) == pytest.approx(expected, rel=1e-9)


def test_the_anytime_valid_test_is_valid_at_every_analysis() -> None:
    """2,000 healthy experiments, analysed after each of 500 units."""
    random = np.random.default_rng(4)
    taken = np.cumsum(random.random((2_000, 500)) < 0.3, axis=1)
    units = np.arange(1, 501)
    prior = np.array([0.6, 1.4])
    ratio = stats.betabinom.logpmf(taken, units, *prior) - stats.binom.logpmf(taken, units, 0.3)
    assert np.mean(ratio.max(axis=1) >= -np.log(0.05)) <= 0.05
    # The same value as the module's, at one analysis.
    counts = np.array([[taken[0, -1], 500 - taken[0, -1]]], float)
    assert always_valid(counts, np.array([[0.3, 0.7]])) == pytest.approx(min(1.0, np.exp(-ratio[0, -1])), rel=1e-6)


def test_a_bandits_batches_are_tested_together() -> None:
    """Shares change after every batch: the stored probabilities are the expected shares."""
    random = np.random.default_rng(5)
    shares = random.dirichlet((4, 4, 4), 300)
    counts = np.array([random.multinomial(20, due) for due in shares], float)
    healthy = check_sample_ratio(counts, shares, by_phase=False)
    assert not healthy.is_mismatch
    assert len(healthy.phase_p_values) == 0
    counts[:, 0] = random.binomial(counts[:, 0].astype(int), 0.8)
    assert check_sample_ratio(counts, shares, by_phase=False).is_mismatch
