"""Two-sample tests against SciPy and values computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from groundswell_server.statistics.two_sample_tests import (
    Summary,
    effective_size,
    ks_distance,
    ks_p_value,
    population_stability_index,
    welch_different,
    welch_greater,
)

RANDOM = np.random.default_rng(7)
FIRST, SECOND = RANDOM.normal(0.0, 1.0, 150), RANDOM.normal(0.3, 1.7, 60)


def test_welch_is_that_of_scipy() -> None:
    before, after = (Summary(float(one.mean()), float(one.std(ddof=1)), len(one)) for one in (FIRST, SECOND))
    greater = stats.ttest_ind(SECOND, FIRST, equal_var=False, alternative="greater").pvalue
    different = stats.ttest_ind(SECOND, FIRST, equal_var=False).pvalue
    assert welch_greater(before, after) == pytest.approx(greater, rel=1e-10)
    assert welch_different(before, after) == pytest.approx(different, rel=1e-10)
    assert welch_different(after, before) == pytest.approx(different, rel=1e-10)


def test_welch_without_any_spread_goes_by_the_means() -> None:
    level = Summary(1.0, 0.0, 50)
    assert welch_greater(level, Summary(2.0, 0.0, 50)) == 0.0
    assert welch_greater(level, level) == 0.5
    assert welch_different(level, level) == 1.0


def test_the_distance_is_that_of_scipy() -> None:
    found = stats.ks_2samp(FIRST, SECOND)
    assert ks_distance(np.sort(FIRST), SECOND) == pytest.approx(found.statistic, rel=1e-12)


@pytest.mark.parametrize("distance", [0.15, 0.2, 0.3])
def test_its_p_value_is_near_the_exact_one(distance: float) -> None:
    n, m = 200, 300
    exact = stats.kstwo.sf(distance, n * m // (n + m))
    assert ks_p_value(distance, n, m) == pytest.approx(exact, rel=0.15)


def test_the_stability_index_by_hand() -> None:
    reference = np.arange(100.0)
    sample = np.concatenate([np.arange(50.0), np.arange(50.0)])
    # Five bins with a share of 0.2 instead of 0.1, five with the smallest share there is.
    expected = 5 * 0.1 * math.log(2.0) + 5 * (1e-4 - 0.1) * math.log(1e-4 / 0.1)
    assert population_stability_index(reference, sample) == pytest.approx(expected)
    assert population_stability_index(reference, reference) == pytest.approx(0.0)


def test_a_feature_of_few_values_has_as_many_bins() -> None:
    reference, sample = np.repeat([0.0, 1.0], 50), np.repeat([0.0, 1.0], [80, 20])
    expected = 0.3 * math.log(0.8 / 0.5) - 0.3 * math.log(0.2 / 0.5)
    assert population_stability_index(reference, sample) == pytest.approx(expected)


def test_independent_observations_count_in_full() -> None:
    full = [effective_size(np.random.default_rng(seed).normal(size=400)) == 400 for seed in range(100)]
    assert sum(full) >= 93


def test_observations_that_resemble_their_neighbours_count_for_fewer() -> None:
    noise = np.random.default_rng(3).normal(size=4000)
    series = np.zeros(4000)
    for place in range(1, 4000):
        series[place] = 0.6 * series[place - 1] + noise[place]
    assert effective_size(series) == pytest.approx(4000 * 0.4 / 1.6, rel=0.1)
