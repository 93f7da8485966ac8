"""Conformal intervals reach their coverage for any distribution of errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from groundswell_server.models.uncertainty.conformal import (
    ALPHA_RANGE,
    OWN_SCORES,
    Conformal,
    ScoreDistribution,
    adapt,
    calibrate,
    recency_weights,
    stream_misses,
)

scores_of_posts = st.lists(st.floats(0, 1e6), min_size=1, max_size=60)


@given(scores_of_posts, st.floats(0.01, 0.99))
@settings(max_examples=200, deadline=None)
def test_the_quantile_stands_where_finite_samples_need_it(scores: list[float], level: float) -> None:
    """At the place (n + 1) * level, Weibull's, which NumPy knows; infinite where the sample does not reach so far."""
    found = ScoreDistribution.of(np.array(scores)).quantile(level)
    if level > len(scores) / (len(scores) + 1):
        assert found == math.inf
    else:
        assert found == pytest.approx(np.quantile(scores, level, method="weibull"), rel=1e-9)


@pytest.mark.parametrize("count", [19, 30, 75, 200])
@pytest.mark.parametrize("errors", [stats.uniform, stats.expon, stats.t(3)])
def test_new_posts_are_covered_as_often_as_promised_at_any_sample_size(count: int, errors: Any) -> None:
    samples = np.abs(errors.rvs(size=(4_000, count), random_state=count))
    quantiles = np.array([ScoreDistribution.of(sample).quantile(0.95) for sample in samples])
    covered = (errors.cdf(quantiles) - errors.cdf(-quantiles)).mean()
    assert 0.95 - 0.002 <= covered <= 0.95 + 1 / (count + 1)


def test_coverage_is_distributed_as_theory_says() -> None:
    """Vovk 2012, proposition 2a: given the calibration, it is Beta(k, n + 1 - k), with k the place of the score."""
    random = np.random.default_rng(5)
    count, level = 99, 0.9
    quantiles = np.array([ScoreDistribution.of(random.exponential(size=count)).quantile(level) for _ in range(400)])
    covered = stats.expon.cdf(quantiles)
    assert stats.kstest(covered, stats.beta(90, 10).cdf).pvalue > 0.01


def test_newer_scores_weigh_more() -> None:
    """By hand: weights 1/4, 1/2 and 1 are worth 1.75^2 / 1.3125 equal posts; the new one weighs 1.75 / that = 0.75."""
    found = ScoreDistribution.of(np.array([5.0, 1.0, 3.0]), np.array([0.25, 0.5, 1.0]))
    np.testing.assert_allclose(found.scores, [1.0, 3.0, 5.0])
    np.testing.assert_allclose(found.reached, [0.5 / 2.5, 1.5 / 2.5, 1.75 / 2.5])
    assert found.quantile(1.5 / 2.5) == pytest.approx(3.0)
    assert found.quantile(1.625 / 2.5) == pytest.approx(4.0)
    assert found.quantile(0.75) == math.inf


def test_weights_halve_every_half_of_the_window() -> None:
    np.testing.assert_allclose(recency_weights(101)[[100, 50, 0]], [1.0, 0.5 ** (50 / 50.5), 0.5 ** (100 / 50.5)])


def test_a_long_past_is_thinned_without_promising_less() -> None:
    scores = np.random.default_rng(1).lognormal(size=20_000)
    found = ScoreDistribution.of(scores)
    assert len(found.scores) <= 1_001
    for level in (0.5, 0.8, 0.9, 0.95, 0.99, 0.999):
        assert found.quantile(level) == pytest.approx(np.quantile(scores, level, method="weibull"), rel=0.02)


@given(scores_of_posts, st.floats(0, 1e6))
@settings(max_examples=100, deadline=None)
def test_the_share_beyond_a_score_is_what_is_left_of_the_weight(scores: list[float], score: float) -> None:
    at_or_below = sum(one <= score for one in scores)
    found = ScoreDistribution.of(np.array(scores)).beyond(np.array([score]))
    assert found[0] == pytest.approx(1 - at_or_below / (len(scores) + 1))


def test_the_level_follows_the_misses() -> None:
    """Gibbs, Candes 2021, formula 2, worked out by hand with gamma 0.005 and alpha 0.05."""
    assert adapt(0.05, [True], target=0.05) == pytest.approx(0.05 + 0.005 * (0.05 - 1))
    assert adapt(0.05, [False], target=0.05) == pytest.approx(0.05 + 0.005 * 0.05)
    assert adapt(0.05, [True, False, False], target=0.05) == pytest.approx(0.04575)


def test_an_adaptive_level_misses_as_often_as_promised_while_errors_grow() -> None:
    """Gibbs, Candes 2021, proposition 4.1: over T posts the misses are off by at most (max + gamma) / (gamma T)."""
    random = np.random.default_rng(3)
    scores = np.abs(random.normal(size=1_500)) * np.linspace(1.0, 4.0, 1_500)
    fixed = ScoreDistribution.of(scores[:1_000]).quantile(0.95)
    assert np.mean(scores[1_000:] > fixed) > 0.1
    assert np.mean(stream_misses(scores, target=0.05)) == pytest.approx(0.05, abs=0.02)


def calm(scores: NDArray[np.float64], personas: list[str], new: NDArray[np.float64] | None = None) -> Conformal:
    return calibrate(scores, personas, np.empty(0) if new is None else new, personas)


def test_training_only_ever_widens_the_level() -> None:
    random = np.random.default_rng(4)
    shrinking = np.abs(random.normal(size=400)) * np.linspace(3.0, 1.0, 400)
    growing = np.abs(random.normal(size=400)) * np.linspace(1.0, 5.0, 400)
    assert calm(shrinking, ["a"] * 400).alpha == 0.05
    assert calm(growing, ["a"] * 400).alpha < 0.05


def test_the_promise_made_by_default_is_always_one_that_can_be_kept() -> None:
    for count in (20, 50, 100):
        growing = np.abs(np.random.default_rng(count).normal(size=count)) * np.linspace(1.0, 9.0, count)
        assert math.isfinite(calm(growing, ["a"] * count).multiple(0.95, "a"))


def test_a_level_beyond_the_sample_has_no_finite_interval() -> None:
    assert calm(np.linspace(0.1, 1.0, 50), ["a"] * 50).multiple(0.999, "a") == math.inf


def test_personas_that_the_model_never_saw_get_the_errors_made_on_such() -> None:
    random = np.random.default_rng(6)
    found = calm(np.abs(random.normal(size=300)), ["a", "b", "c"] * 100, new=2 * np.abs(random.normal(size=300)))
    assert found.multiple(0.9, "stranger") > 1.5 * found.multiple(0.9, "a")
    assert found.multiple(0.9, "a") == found.multiple(0.9, "c")


def test_a_persona_with_many_posts_has_quantiles_of_its_own() -> None:
    random = np.random.default_rng(7)
    wild, calm_ones = 3 * np.abs(random.normal(size=OWN_SCORES)), np.abs(random.normal(size=OWN_SCORES))
    scores = np.ravel(np.column_stack([wild, calm_ones]))
    found = calm(scores, ["wild", "calm"] * OWN_SCORES)
    assert found.multiple(0.9, "wild") == pytest.approx(3 * found.multiple(0.9, "calm"), rel=0.3)
    assert set(found.own) == {"wild", "calm"}


def test_it_comes_back_from_json_the_same() -> None:
    random = np.random.default_rng(8)
    made = calm(np.abs(random.normal(size=400)), ["a", "b"] * 200, new=np.abs(random.normal(size=50)))
    again = Conformal.from_json(made.to_json())
    for persona in ("a", "b", "stranger"):
        assert again.multiple(0.95, persona) == made.multiple(0.95, persona)
    assert (again.alpha, again.target) == (made.alpha, made.target)


def test_misses_widen_intervals_but_never_beyond_the_past() -> None:
    random = np.random.default_rng(9)
    found = calm(np.abs(random.normal(size=60)), ["a", "b"] * 30)
    missed = found.with_alpha(adapt(found.alpha, [True] * 100, target=found.target))
    assert missed.alpha == ALPHA_RANGE[0]
    assert found.multiple(0.95) < missed.multiple(0.95) == found.known.scores[-1]
    # What 60 scores can't tell at all stays untold.
    assert np.isinf(missed.multiple(0.999))
