"""Metrics, against scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from groundswell_server.models.evaluation import metrics

pairs = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=2, max_size=50)
chances = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=2, max_size=50)


@given(pairs)
@settings(max_examples=100, deadline=None)
def test_errors_of_rates(rows: list[tuple[float, float]]) -> None:
    outcomes, predictions = np.array(rows).T
    assert metrics.mean_absolute_error(outcomes, predictions) == pytest.approx(
        theirs.mean_absolute_error(outcomes, predictions)
    )
    if np.ptp(outcomes) > 1e-6:
        assert metrics.r_squared(outcomes, predictions) == pytest.approx(theirs.r2_score(outcomes, predictions))


def test_percentage_errors_are_of_outcomes_above_zero() -> None:
    outcomes, predictions = np.array([0.0, 2.0, 4.0]), np.array([9.0, 1.0, 6.0])
    expected = 100 * theirs.mean_absolute_percentage_error(outcomes[1:], predictions[1:])
    assert metrics.mean_absolute_percentage_error(outcomes, predictions) == pytest.approx(expected)
    assert math.isnan(metrics.mean_absolute_percentage_error(np.zeros(3), predictions))


def test_outcomes_that_never_vary_leave_nothing_to_explain() -> None:
    assert math.isnan(metrics.r_squared(np.ones(4), np.arange(4.0)))


@given(chances)
@settings(max_examples=100, deadline=None)
def test_errors_of_probabilities(rows: list[tuple[bool, float]]) -> None:
    successes, probabilities = np.array([float(hit) for hit, _ in rows]), np.array([chance for _, chance in rows])
    assert metrics.brier_score(successes, probabilities) == pytest.approx(np.mean((successes - probabilities) ** 2))
    if 0 < successes.sum() < len(rows):
        assert metrics.roc_auc(successes, probabilities) == pytest.approx(
            theirs.roc_auc_score(successes, probabilities)
        )
    else:
        assert math.isnan(metrics.roc_auc(successes, probabilities))


def test_coverage_counts_the_ends() -> None:
    outcomes = np.array([1.0, 2.0, 3.0, 4.0])
    assert metrics.coverage(outcomes, np.array([1.0, 2.5, 0.0, 5.0]), np.array([1.0, 3.0, 3.0, 6.0])) == 0.5


def test_calibration_error_by_hand() -> None:
    """Two bins of five: predicted 0.2 where 0.4 came true, 0.7 where 0.6 did: the mean of 0.2 and 0.1."""
    successes = np.array([1, 1, 0, 0, 0, 1, 1, 1, 0, 0], dtype=float)
    assert metrics.calibration_error(successes, np.array([0.2] * 5 + [0.7] * 5), bins=2) == pytest.approx(0.15)
