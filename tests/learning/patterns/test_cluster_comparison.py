"""The comparison of clusters with the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from groundswell_server.learning.patterns.cluster_comparison import (
    ClusterComparison,
    cohens_d,
    compare_clusters,
    confidence,
)

RANDOM = np.random.default_rng(7)
LABELS = RANDOM.integers(0, 3, 300)
OUTCOMES = RANDOM.normal(np.array([0.0, 0.3, -0.1])[LABELS], np.array([1.0, 0.6, 1.4])[LABELS])
EVERYWHERE = np.ones(300, dtype=np.bool_)
PATTERN = ClusterComparison(0, 0.01, 0.5, 0.9, 0.4, 0.2, 0.6, 60, 30)


def test_tests_and_intervals_are_those_of_statsmodels() -> None:
    comparisons = compare_clusters(OUTCOMES, LABELS, EVERYWHERE, 3)
    compared = [
        CompareMeans(DescrStatsW(OUTCOMES[at == LABELS]), DescrStatsW(OUTCOMES[at != LABELS])) for at in range(3)
    ]
    p_values = [one.ttest_ind(usevar="unequal")[1] for one in compared]
    np.testing.assert_allclose(
        [one.adjusted_p_value for one in comparisons], multipletests(p_values, method="fdr_bh")[1], rtol=1e-9
    )
    intervals = [one.tconfint_diff(usevar="unequal") for one in compared]
    np.testing.assert_allclose([(one.lower, one.upper) for one in comparisons], intervals, rtol=1e-9)


def test_cohens_d_of_a_textbook() -> None:
    """Means 6 and 4 with pooled variance 2.5: d = 2 / sqrt(2.5)."""
    assert cohens_d(np.array([4.0, 5, 6, 7, 8]), np.array([2.0, 3, 4, 5, 6])) == pytest.approx(2 / np.sqrt(2.5))


@pytest.mark.parametrize(("effect", "n", "m"), [(0.5, 40, 80), (-0.4, 60, 200), (0.3, 30, 100)])
def test_confidence_is_the_share_of_truths_beyond_small_that_give_such_an_effect(effect: float, n: int, m: int) -> None:
    """True effects from a flat prior, with a sample of each: the share beyond 0.2 among those with the observed d."""
    random = np.random.default_rng(9)
    truths = random.uniform(-2.0, 2.0, 400_000)
    difference = truths + random.normal(0.0, np.sqrt(1 / n + 1 / m), len(truths))
    seen = difference / np.sqrt(random.chisquare(n + m - 2, len(truths)) / (n + m - 2))
    alike = np.abs(seen - effect) < 0.02
    share = np.mean(np.sign(effect) * truths[alike] > 0.2)
    assert confidence(effect, n, m) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, True),
        ({"effect_size": -0.5}, True),
        ({"adjusted_p_value": 0.05}, True),
        ({"adjusted_p_value": 0.051}, False),
        ({"effect_size": 0.3}, True),
        ({"effect_size": 0.29}, False),
        ({"sample_size": 29}, False),
        ({"sample_size": 30}, True),
        ({"confidence": 0.7}, True),
        ({"confidence": 0.69}, False),
    ],
)
def test_a_pattern_is_significant_large_frequent_and_certain(changed: dict[str, float], counts: bool) -> None:
    assert replace(PATTERN, **changed).is_pattern is counts  # type: ignore[arg-type]


def test_only_posts_that_confirm_are_tested_and_those_without_outcome_never() -> None:
    confirms = np.arange(300) >= 150
    outcomes = np.where(confirms, OUTCOMES, 100.0)
    outcomes[299] = np.nan
    comparisons = compare_clusters(outcomes, LABELS, confirms, 3)
    assert sum(one.confirmation_size for one in comparisons) == 149
    assert sum(one.sample_size for one in comparisons) == 300
    assert all(abs(one.difference) < 2 for one in comparisons)


def test_what_can_not_be_tested_is_left_out() -> None:
    assert compare_clusters(OUTCOMES, np.zeros(300, dtype=np.intp), EVERYWHERE, 1) == []
    assert compare_clusters(np.ones(300), LABELS, EVERYWHERE, 3) == []
