"""Posteriors against integration and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from groundswell_server.experiments.statistics.bayesian import beta_posteriors, draws, normal_posteriors
from groundswell_server.experiments.statistics.variant_means import (
    VariantMean,
    conversions,
    measure,
    phase_weights,
    standardize,
)
from groundswell_storage.experiments.enums import MetricKind
from tests.experiments.moments import moments_of

Counts = list[tuple[float, float]]


def variants(*counts: tuple[float, float]) -> list:
    return [conversions(np.array([hits]), np.array([units])) for hits, units in counts]


@pytest.mark.parametrize(
    "counts",
    [((0, 0), (0, 0)), ((3, 10), (400, 1_000)), ((0, 5), (9_000, 1_000_000)), ((1_000, 1_000), (999, 1_000))],
)
def test_two_proportions_are_integrated(counts: tuple[tuple[float, float], tuple[float, float]]) -> None:
    found = beta_posteriors(variants(*counts), np.ones(1), seed=1)
    a, b = (stats.beta(hits + 1, units - hits + 1) for hits, units in counts)
    edges = [a.ppf(q) for q in (1e-12, 0.5)] + [b.ppf(q) for q in (1e-12, 1e-3, 0.5, 1 - 1e-3)]
    better = integrate.quad(lambda x: b.pdf(x) * a.cdf(x), 0, 1, points=sorted(edges), limit=500)[0]
    assert found.probability_best.tolist() == pytest.approx([1 - better, better], abs=1e-7)
    loss = integrate.quad(lambda x: a.sf(x) * b.cdf(x), 0, 1, points=sorted(edges), limit=500)[0]
    assert found.expected_loss[1] == pytest.approx(loss, abs=1e-7)
    assert found.lower[0] == pytest.approx(a.ppf(0.025))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 3_000), st.integers(0, 3_000))
def test_losses_differ_by_the_means(hits_a: int, hits_b: int, misses_a: int, misses_b: int) -> None:
    found = beta_posteriors(variants((hits_a, hits_a + misses_a), (hits_b, hits_b + misses_b)), np.ones(1), seed=1)
    mean_a, mean_b = ((h + 1) / (h + m + 2) for h, m in ((hits_a, misses_a), (hits_b, misses_b)))
    assert found.expected_loss[0] - found.expected_loss[1] == pytest.approx(mean_b - mean_a, abs=1e-9)
    assert found.probability_best.sum() == pytest.approx(1.0)
    mirrored = beta_posteriors(variants((hits_b, hits_b + misses_b), (hits_a, hits_a + misses_a)), np.ones(1), seed=1)
    assert mirrored.probability_best[::-1] == pytest.approx(found.probability_best, abs=1e-9)


def test_the_lowest_is_best_if_the_direction_is_decrease() -> None:
    high = beta_posteriors(variants((100, 1_000), (130, 1_000)), np.ones(1), seed=1)
    low = beta_posteriors(variants((100, 1_000), (130, 1_000)), np.ones(1), seed=1, best_is_highest=False)
    assert low.probability_best.tolist() == pytest.approx(high.probability_best[::-1].tolist())
    assert low.expected_loss.tolist() == pytest.approx(high.expected_loss[::-1].tolist())


def test_three_variants_are_simulated_reproducibly() -> None:
    three = variants((100, 1_000), (130, 1_000), (0, 1_000))
    found, again = (beta_posteriors(three, np.ones(1), seed=3) for _ in range(2))
    assert (found.probability_best == again.probability_best).all()
    assert found.probability_best.tolist() == pytest.approx([0.017835, 0.982165, 0.0], abs=0.002)
    assert found.expected_loss[1] == pytest.approx(9.23745e-5, rel=0.1)


def test_normal_posteriors_have_their_closed_form() -> None:
    random = np.random.default_rng(2)
    moments = [moments_of(random.normal(centre, 2.0, 200)) for centre in (5.0, 5.3)]
    measured = [measure(MetricKind.MEAN, [each]) for each in moments]
    weights = phase_weights(measured)
    two = [standardize(variant, weights) for variant in measured]
    found = normal_posteriors(two, seed=1)
    draws = [random.normal(float(variant.mean), float(variant.error2) ** 0.5, 2_000_000) for variant in two]
    assert found.probability_best[1] == pytest.approx(np.mean(draws[1] > draws[0]), abs=2e-3)
    assert found.expected_loss[1] == pytest.approx(np.maximum(draws[0] - draws[1], 0).mean(), abs=1e-3)
    assert found.expected_loss[0] == pytest.approx(np.maximum(draws[1] - draws[0], 0).mean(), abs=1e-3)
    three = normal_posteriors([*two, two[0]], seed=1)
    assert three.probability_best[0] == pytest.approx(three.probability_best[2], abs=0.01)


def test_posteriors_within_phases_avoid_simpsons_paradox() -> None:
    a = conversions(np.array([810.0, 20.0]), np.array([9_000.0, 100.0]))
    b = conversions(np.array([80.0, 1_800.0]), np.array([1_000.0, 10_000.0]))
    found = beta_posteriors([a, b], phase_weights([a, b]), seed=1)
    assert found.probability_best[0] > 0.6


def test_fifty_variants_cost_as_much_as_three_and_are_accurate() -> None:
    assert draws(2, 2) < draws(3) == 100_000
    assert all(
        draws(variants, phases) * variants * phases <= 300_000 for variants in range(3, 51) for phases in (1, 2, 3)
    )
    random = np.random.default_rng(4)
    many = [measure(MetricKind.MEAN, [moments_of(random.normal(5.0, 2.0, 200))]) for _ in range(50)]
    means = [standardize(variant, phase_weights(many)) for variant in many]
    found = normal_posteriors(means, seed=1)
    at = np.linspace(3.5, 6.5, 6_001)
    centre, error = (
        np.array([[float(value)] for value in values]) for values in zip(*map(centre_and_error, means), strict=True)
    )
    below, density = stats.norm.cdf(at, centre, error), stats.norm.pdf(at, centre, error)
    all_below = below.prod(axis=0)
    best = integrate.trapezoid(density * all_below / np.maximum(below, 1e-300), at, axis=1)
    assert best.sum() == pytest.approx(1.0)
    assert found.probability_best.tolist() == pytest.approx(best.tolist(), abs=0.02)
    highest = at[-1] - integrate.trapezoid(all_below, at)
    assert found.expected_loss.tolist() == pytest.approx((highest - centre[:, 0]).tolist(), abs=0.01)


def centre_and_error(variant: VariantMean) -> tuple[float, float]:
    return float(variant.mean), float(variant.error2) ** 0.5
