"""Feature importance, and the calibration of predicted effects."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray

from groundswell_server.learning.features.post_features import FEATURES, FeatureRows
from groundswell_server.learning.training.post_importance import (
    PRIOR_HOLD,
    PRIOR_SPREAD,
    Shuffling,
    effect_calibration,
    permutation,
    shuffle,
)
from groundswell_server.models.evaluation.importance import REPEATS
from groundswell_server.models.model_files import load_estimator, load_predictor
from groundswell_server.models.training.trainer import TrainedModel

Array = NDArray[np.float64]

HASHTAGS, LENGTH = FEATURES.index("hashtag_count"), FEATURES.index("caption_length")


def linear_rows(count: int, seed: int) -> FeatureRows:
    values = np.full((count, len(FEATURES)), np.nan)
    values[:, [HASHTAGS, LENGTH]] = np.random.default_rng(seed).normal(size=(count, 2))
    return FeatureRows(values, [None] * count)


def test_shuffling_a_feature_of_a_linear_model_costs_what_theory_says() -> None:
    """The squared error is expected to rise by 2 * coefficient^2 * variance: Gregorutti et al. 2017, proposition 1."""
    rows = linear_rows(2_000, seed=1)
    truth = 3.0 * rows.values[:, HASHTAGS] + 0.5 * rows.values[:, LENGTH]
    asked = shuffle(
        rows, ["hashtag_count", "caption_length"], lambda r: 3.0 * r.values[:, HASHTAGS] + 0.5 * r.values[:, LENGTH], 0
    )
    found = permutation(asked, lambda points: np.square(truth - points))
    for name, expected in (("hashtag_count", 18.0), ("caption_length", 0.5)):
        assert found[name].lower < expected < found[name].upper
    assert found["hour"].value == found["hour"].upper == 0.0


def test_a_feature_that_says_nothing_has_an_interval_around_zero() -> None:
    rows = linear_rows(500, seed=2)
    truth = rows.values[:, HASHTAGS] + np.random.default_rng(3).normal(size=500)
    model = lambda r: r.values[:, HASHTAGS] + 0.3 * r.values[:, LENGTH]  # noqa: E731
    found = permutation(shuffle(rows, ["caption_length"], model, 0), lambda points: np.abs(truth - points))
    assert found["caption_length"].value < 0.05


def test_all_columns_of_a_feature_are_shuffled_together() -> None:
    categories = ["a", "b"] * 50
    rows = FeatureRows(np.full((100, len(FEATURES)), np.nan), categories)
    asked = shuffle(rows, ["content_category"], lambda r: np.array([c == "a" for c in r.categories], dtype=float), 0)
    assert set(np.unique(asked.shuffled["content_category"])) == {0.0, 1.0}
    assert asked.shuffled["content_category"].sum(axis=1).tolist() == [50.0] * REPEATS


def test_large_tests_are_sampled() -> None:
    asked = shuffle(linear_rows(5_000, seed=4), ["hashtag_count"], lambda r: r.values[:, HASHTAGS], 0)
    assert asked.predictions.shape == (2_000,)
    np.testing.assert_array_equal(linear_rows(5_000, seed=4).values[asked.rows, HASHTAGS], asked.predictions)


def shuffled(added: Array, rest: Array) -> Shuffling:
    """Predictions to which one feature adds this, and which are `rest` without it."""
    centered = np.tile(rest, (REPEATS, 1))
    return Shuffling(np.arange(len(rest)), rest + added, {"hour": centered})


def test_how_far_it_holds_is_the_slope_weighed_against_the_prior() -> None:
    """The slope and its robust error are statsmodels', the weighing that of two normal distributions."""
    random = np.random.default_rng(5)
    added, rest = random.normal(size=200), random.normal(size=200)
    outcomes = rest + 0.8 * added + random.normal(size=200) * (1 + np.abs(added))
    fit = sm.OLS(outcomes - rest, sm.add_constant(added)).fit(cov_type="HC1")
    slope, error = fit.params[1], fit.bse[1]
    precision = 1 / error**2 + 1 / PRIOR_SPREAD**2
    expected = (slope / error**2 + PRIOR_HOLD / PRIOR_SPREAD**2) / precision, precision**-0.5
    assert effect_calibration(shuffled(added, rest), outcomes)["hour"] == pytest.approx(expected, rel=1e-9)


def test_claims_that_are_noise_do_not_hold_and_claims_that_are_true_do() -> None:
    random = np.random.default_rng(6)
    added, rest = random.normal(size=500), random.normal(size=500)
    noise, _ = effect_calibration(shuffled(added, rest), rest + random.normal(size=500))["hour"]
    true, error = effect_calibration(shuffled(added, rest), rest + added + random.normal(size=500))["hour"]
    assert noise == pytest.approx(0.0, abs=0.15)
    assert true == pytest.approx(1.0, abs=0.15)
    assert error < 0.1


def test_a_feature_that_never_varied_in_the_test_leaves_the_prior() -> None:
    hold, error = effect_calibration(shuffled(np.zeros(50), np.arange(50.0)), np.arange(50.0))["hour"]
    assert (hold, error) == pytest.approx((PRIOR_HOLD, PRIOR_SPREAD), abs=1e-6)


def test_impurity_is_scikit_learns_by_feature(trained_rates: TrainedModel) -> None:
    encoder = load_predictor(trained_rates.files.onnx, trained_rates.files.card).encoder
    forest = load_estimator(trained_rates.files.estimator)["middle"]
    expected = dict.fromkeys(FEATURES, 0.0)
    for column, share in zip(encoder.columns, forest.feature_importances_, strict=True):
        expected[FEATURES[column.feature]] += share
    found = {one.feature: one.impurity for one in trained_rates.importance}
    assert {name: spread.value for name, spread in found.items()} == pytest.approx(expected, abs=1e-9)
    assert sum(spread.value for spread in found.values()) == pytest.approx(1.0)
    assert all(spread.lower <= spread.value <= spread.upper for spread in found.values())


def test_what_matters_in_the_simulation_is_found(trained_rates: TrainedModel) -> None:
    by_name = {one.feature: one for one in trained_rates.importance}
    assert len(by_name) == 18
    assert by_name["content_category"].permutation.lower > 0
    assert by_name["platform"].permutation.value == 0.0  # there is but one
    order = [one.permutation.value for one in trained_rates.importance]
    assert order == sorted(order, reverse=True)
