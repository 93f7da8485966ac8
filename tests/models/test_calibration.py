"""Calibrated probabilities agree with observed shares."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from statsmodels.stats.proportion import proportion_confint

from groundswell_server.models.uncertainty.calibration import ISOTONIC_FROM, Calibration, calibrate, platt
from groundswell_server.statistics.proportions import wilson

Array = NDArray[np.float64]


def scored(count: int, seed: int, slope: float = 0.7, intercept: float = -0.5) -> tuple[Array, Array]:
    """Raw scores and successes whose true probability is logistic(slope * score + intercept)."""
    random = np.random.default_rng(seed)
    scores = random.normal(0.0, 2.0, count)
    truth = 1 / (1 + np.exp(-(slope * scores + intercept)))
    return scores, (random.random(count) < truth).astype(float)


def test_platts_curve_is_the_logistic_regression_on_smoothed_targets() -> None:
    """Against statsmodels' binomial regression of the same targets."""
    scores, successes = scored(300, seed=1)
    positive, negative = successes.sum(), 300 - successes.sum()
    smoothed = np.where(successes > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))
    expected = sm.GLM(smoothed, sm.add_constant(scores), family=sm.families.Binomial()).fit(tol=1e-12).params
    slope, intercept = platt(scores, successes)
    assert (intercept, slope) == pytest.approx(tuple(expected), rel=1e-6)


def test_platts_curve_survives_classes_that_scores_separate_wholly() -> None:
    scores = np.array([-2.0, -1.5, -1.0, 1.0, 1.5, 2.0])
    slope, intercept = platt(scores, (scores > 0).astype(float))
    assert 0 < slope < 100
    assert intercept == pytest.approx(0.0, abs=1e-6)


def test_scores_that_say_nothing_leave_the_share_of_successes() -> None:
    successes = np.array([1.0] * 10 + [0.0] * 88)
    constant = calibrate(np.zeros(98), successes)
    opposite = calibrate(np.where(successes > 0, -1.0, 1.0), successes)
    for found in (constant, opposite):
        np.testing.assert_allclose(found.probability(np.array([-3.0, 0.0, 3.0])), 11 / 100)


def test_large_samples_get_the_isotonic_curve() -> None:
    """Against scipy's own pool of adjacent violators."""
    scores, successes = scored(2 * ISOTONIC_FROM, seed=2)
    found = calibrate(scores, successes)
    order = np.argsort(scores)
    expected = isotonic_regression(successes[order]).x
    assert found.method == "isotonic"
    inner = (expected > 0.001) & (expected < 0.999)
    np.testing.assert_allclose(found.probability(scores[order])[inner], expected[inner], atol=1e-9)


def test_no_probability_is_ever_certain() -> None:
    scores = np.linspace(-1, 1, 2 * ISOTONIC_FROM)
    found = calibrate(scores, (scores > 0).astype(float))
    probability = found.probability(np.array([-50.0, 50.0]))
    assert 0 < probability[0] < 0.01
    assert 0.99 < probability[1] < 1


@pytest.mark.parametrize("count", [400, 4_000])
def test_calibrated_probabilities_come_true(count: int) -> None:
    found = calibrate(*scored(count, seed=3))
    scores, successes = scored(20_000, seed=4)
    probability = found.probability(scores)
    for low in (0.1, 0.3, 0.5, 0.7):
        band = (probability >= low) & (probability < low + 0.2)
        assert successes[band].mean() == pytest.approx(probability[band].mean(), abs=0.06)


def test_the_interval_holds_the_share_of_successes_among_posts_scored_alike() -> None:
    found = calibrate(*scored(2_000, seed=5))
    scores, successes = scored(50_000, seed=6)
    place = np.searchsorted(found.edges, scores)
    shares = np.array([successes[place == part].mean() for part in range(len(found.edges) + 1)])
    assert np.mean((shares >= found.lower) & (shares <= found.upper)) >= 0.85


def test_scores_that_many_share_stay_in_their_stretch_when_they_are_rounded() -> None:
    """Accounts of which nothing is known are all scored alike, and served in single precision."""
    alike = np.repeat([-1.7, -0.2, 0.3, 1.1], [40, 100, 30, 70])
    found = calibrate(alike, (np.arange(240) % 4 < 2) * (alike > 0.0) * 1.0)
    assert len(found.edges) > 0
    for rounded in (alike.astype(np.float32).astype(np.float64), alike * (1 + 1e-6), alike * (1 - 1e-6)):
        for end, same in zip(found.interval(rounded, rounded), found.interval(alike, rounded), strict=True):
            np.testing.assert_array_equal(end, same)


def test_a_probability_lies_within_its_interval() -> None:
    found = calibrate(*scored(150, seed=7))
    scores = np.linspace(-8, 8, 50)
    probability = found.probability(scores)
    lower, upper = found.interval(scores, probability)
    assert np.all((lower >= 0) & (lower <= probability) & (probability <= upper) & (upper <= 1))


@pytest.mark.parametrize("count", [200, 2_000])
def test_one_score_is_read_like_many(count: int) -> None:
    found = Calibration.from_json(calibrate(*scored(count, seed=8)).to_json())
    scores = np.linspace(-9, 9, 31)
    probability = found.probability(scores)
    lower, upper = found.interval(scores, probability)
    np.testing.assert_allclose(
        [found.read_one(score) for score in scores], np.column_stack([probability, lower, upper])
    )


@pytest.mark.parametrize(("successes", "rows"), [(0, 10), (3, 10), (10, 10), (45, 80)])
def test_wilsons_interval(successes: int, rows: int) -> None:
    lower, upper = wilson(np.array([float(successes)]), np.array([float(rows)]))
    expected = proportion_confint(successes, rows, method="wilson")
    assert (lower[0], upper[0]) == pytest.approx(expected, abs=1e-12)
