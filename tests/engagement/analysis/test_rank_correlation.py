"""Spearman's correlation without SciPy, beside SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from groundswell_server.engagement.analysis.rank_correlation import LEVEL, MIN_PAIRS, spearman


@pytest.mark.parametrize("seed", range(20))
def test_rho_is_scipys(seed: int) -> None:
    chance = np.random.default_rng(seed)
    count = int(chance.integers(MIN_PAIRS, 200))
    first = chance.normal(size=count).round(1)  # rounded, so that there are ties
    second = (0.5 * first + chance.normal(size=count)).round(1)
    found = spearman(first.tolist(), second.tolist())
    assert found is not None
    assert found.value == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-12)
    assert found.sample_size == count


def test_the_interval_excludes_zero_when_scipys_p_value_is_significant() -> None:
    chance = np.random.default_rng(7)
    agreeing = 0
    for _ in range(400):
        first = chance.normal(size=40)
        second = 0.3 * first + chance.normal(size=40)
        found = spearman(first.tolist(), second.tolist())
        assert found is not None
        assert found.interval is not None
        outside = found.interval.lower > 0 or found.interval.upper < 0
        agreeing += outside == (stats.spearmanr(first, second).pvalue < 0.05)
    assert agreeing >= 0.97 * 400


@pytest.mark.parametrize(("count", "correlation"), [(12, 0.0), (30, 0.5), (100, 0.8)])
def test_the_interval_holds_the_truth_as_often_as_it_says(count: int, correlation: float) -> None:
    """Of normal pairs the true rho is 6 / pi asin(r / 2) (Pearson 1907)."""
    chance = np.random.default_rng(count)
    truth = 6.0 / np.pi * np.arcsin(correlation / 2.0)
    held = 0
    for _ in range(1500):
        first = chance.normal(size=count)
        second = correlation * first + np.sqrt(1.0 - correlation**2) * chance.normal(size=count)
        found = spearman(first.tolist(), second.tolist())
        assert found is not None
        assert found.interval is not None
        held += found.interval.lower <= truth <= found.interval.upper
    assert held / 1500 == pytest.approx(LEVEL, abs=0.02)


def test_perfect_agreement_has_an_interval() -> None:
    found = spearman(range(12), range(12))
    assert found is not None
    assert found.interval is not None
    assert found.value == found.interval.upper == 1.0
    assert 0.9 < found.interval.lower < 1.0


def test_few_pairs_and_constant_figures_have_no_correlation() -> None:
    assert spearman(range(MIN_PAIRS - 1), range(MIN_PAIRS - 1)) is None
    assert spearman(range(20), [3.0] * 20) is None
