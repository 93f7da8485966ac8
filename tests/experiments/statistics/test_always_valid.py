"""Always-valid tests: the confidence sequence, its one-sided form and the exact bound."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from groundswell_server.experiments.statistics import always_valid, bernoulli_bound
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.variant_means import VariantMeans, conversions, measure
from groundswell_server.statistics import confidence_sequence
from groundswell_storage.experiments.enums import MetricKind
from tests.experiments.moments import moments_of

ALPHA = 0.05


def variants(hits_a: float, units_a: float, hits_b: float, units_b: float) -> tuple[VariantMeans, VariantMeans]:
    return (
        conversions(np.array([hits_a]), np.array([units_a])),
        conversions(np.array([hits_b]), np.array([units_b])),
    )


@pytest.mark.parametrize("units", [10.0, 300.0, 5_000.0, 80_000.0])
def test_p_is_below_alpha_exactly_when_the_interval_excludes_zero(units: float) -> None:
    error2 = np.array(4.0 / units)
    half = confidence_sequence.half_width(error2, np.array(units), 5_000, ALPHA)
    for difference, significant in ((half * 1.0001, True), (half * 0.9999, False)):
        log_e = confidence_sequence.log_evidence(difference, error2, np.array(units), 5_000, ALPHA)
        assert (confidence_sequence.p_value(log_e) < ALPHA) is np.bool_(significant)


def test_evidence_is_the_documented_mixture() -> None:
    """The mixing integrals themselves, over Normal(0, rho^2) and its positive half."""
    units, spread, difference = 700.0, 1.7, 0.2
    total, information = difference * units / spread, units
    for alpha, density, found in (
        (ALPHA, stats.norm.pdf, confidence_sequence.log_evidence),
        (2 * ALPHA, stats.halfnorm.pdf, confidence_sequence.log_evidence_above),
    ):
        rho = confidence_sequence.mixing_variance(2_000, alpha) ** 0.5
        expected = integrate.quad(
            lambda x, density=density, rho=rho: np.exp(x * total - x**2 * information / 2) * density(x, scale=rho),
            -1,
            1,
            points=[0, total / information],
        )[0]
        log_e = found(np.array(difference), np.array(spread**2 / units), np.array(units), 2_000, ALPHA)
        assert float(log_e) == pytest.approx(np.log(expected), abs=1e-6)


def test_the_one_sided_test_finds_harm_sooner_and_no_harm_in_improvements() -> None:
    error2, units = np.array(4.0 / 3_000), np.array(3_000.0)
    # Between the decisions of the one-sided and of the two-sided test.
    half = float(confidence_sequence.half_width(error2, units, 5_000, ALPHA))
    needed = optimize.brentq(
        lambda apart: (
            confidence_sequence.log_evidence_above(np.array(apart), error2, units, 5_000, ALPHA) + np.log(ALPHA)
        ),
        0.0,
        half,
    )
    harm = np.array((needed + half) / 2.0)
    one = confidence_sequence.log_evidence_above(harm, error2, units, 5_000, ALPHA)
    two = confidence_sequence.log_evidence(harm, error2, units, 5_000, ALPHA)
    assert confidence_sequence.p_value(one) < ALPHA < confidence_sequence.p_value(two)
    good = confidence_sequence.log_evidence_above(-harm, error2, units, 5_000, ALPHA)
    assert confidence_sequence.p_value(good) == 1.0


@pytest.mark.parametrize(("units", "is_evidence"), [(29, False), (30, True)])
def test_fewer_than_thirty_units_of_values_are_no_evidence(units: int, is_evidence: bool) -> None:
    """Two phases: a phase that is too small changes no result."""
    values = np.random.default_rng(1).normal(size=units)
    large = np.random.default_rng(2).normal(size=30)
    low, high = (measure(MetricKind.MEAN, [moments_of(large), moments_of(values + shift)]) for shift in (0.0, 50.0))
    found = always_valid.against_equality(low, high, AnalysisPlan(ALPHA, 120), proportions=False)
    assert (found.p_value < ALPHA) == is_evidence
    if units < 30:
        alone = measure(MetricKind.MEAN, [moments_of(values)]), measure(MetricKind.MEAN, [moments_of(values + 50.0)])
        assert always_valid.against_equality(*alone, AnalysisPlan(ALPHA, 120), proportions=False).p_value == 1.0
        assert always_valid.interval(*alone, AnalysisPlan(ALPHA, 120), proportions=False) == (-np.inf, np.inf)


def test_values_without_variance_are_no_evidence() -> None:
    assert confidence_sequence.log_evidence(np.array(1.0), np.array(0.0), np.array(9.0), 100, ALPHA) <= 0.0


def test_the_exact_evidence_agrees_with_integration() -> None:
    a, b = variants(3, 50, 9, 40)

    def likelihood(share: float, hits: int, units: int) -> float:
        return share**hits * (1 - share) ** (units - hits)

    mixed = 1.0
    for hits, units in ((3, 50), (9, 40)):
        mixed *= integrate.quad(lambda x, h=hits, n=units: likelihood(x, h, n) * stats.beta.pdf(x, 0.5, 0.5), 0, 1)[0]
    expected = np.log(mixed / (likelihood(12 / 90, 3, 50) * likelihood(12 / 90, 9, 40)))
    assert float(bernoulli_bound.log_evidence(a, b)) == pytest.approx(expected, rel=1e-6)
    assert float(bernoulli_bound.log_evidence_above(a, b)) == pytest.approx(expected, rel=1e-6)
    assert bernoulli_bound.log_evidence_above(b, a) < 0.0


@pytest.mark.parametrize(
    "counts",
    [(3, 50, 9, 40), (0, 30, 4, 31), (2, 900, 25, 1_000), (28, 30, 12, 30), (3, 100_000, 5, 30), (29, 30, 1, 40)],
)
def test_the_exact_interval_agrees_with_the_likelihood_ratio(counts: tuple[int, int, int, int]) -> None:
    """Compares its limits with another optimiser; it contains 0 exactly when p is not below alpha."""
    a, b = variants(*map(float, counts))
    hits_a, units_a, hits_b, units_b = counts
    lower, upper = bernoulli_bound.interval(a, b, ALPHA)
    significant = float(bernoulli_bound.log_evidence(a, b)) >= -np.log(ALPHA)
    assert significant is not (lower <= 0.0 <= upper)

    def height(share: float, difference: float) -> float:
        return stats.binom.logpmf(hits_a, units_a, share) + stats.binom.logpmf(hits_b, units_b, share + difference)

    free = stats.binom.logpmf(hits_a, units_a, hits_a / units_a) + stats.binom.logpmf(hits_b, units_b, hits_b / units_b)
    # By how much the pooled proportion lacks likelihood is known from the evidence against 0.
    pooled = (hits_a + hits_b) / (units_a + units_b)
    allowed = height(pooled, 0.0) + float(bernoulli_bound.log_evidence(a, b)) + np.log(ALPHA)
    assert allowed < free
    for edge in (lower, upper):
        bounds = (max(0.0, -edge) + 1e-9, min(1.0, 1.0 - edge) - 1e-9)
        best = optimize.minimize_scalar(
            lambda x, edge=edge: -height(x, edge), bounds=bounds, method="bounded", options={"xatol": 1e-10}
        )
        assert -best.fun == pytest.approx(allowed, abs=1e-5)


def test_phases_multiply() -> None:
    a = conversions(np.array([3.0, 1.0]), np.array([50.0, 20.0]))
    b = conversions(np.array([9.0, 4.0]), np.array([40.0, 25.0]))
    parts = [bernoulli_bound.log_evidence(*variants(*counts)) for counts in ((3, 50, 9, 40), (1, 20, 4, 25))]
    assert float(bernoulli_bound.log_evidence(a, b)) == pytest.approx(float(sum(parts)))
    twice = [conversions(np.full(2, hits), np.full(2, 400.0)) for hits in (8.0, 17.0)]
    alone = bernoulli_bound.interval(*variants(8, 400, 17, 400), ALPHA)
    both = bernoulli_bound.interval(twice[0], twice[1], ALPHA)
    assert alone[0] < both[0] < both[1] < alone[1]


def test_the_exact_bound_is_valid_at_every_analysis() -> None:
    """2,000 experiments of rare conversions without an effect, analysed after each of 4,000 pairs of units."""
    random = np.random.default_rng(10)
    hits = np.cumsum(random.random((2, 2_000, 4_000)) < 0.004, axis=2, dtype=np.int32)[:, :, 19::20]
    units = np.broadcast_to(np.arange(20.0, 4_001.0, 20.0), hits.shape[1:])
    a, b = (conversions(each[None].astype(float), units[None]) for each in hits)
    flagged = (bernoulli_bound.log_evidence(a, b) >= -np.log(ALPHA)).any(axis=1)
    assert flagged.mean() <= ALPHA


def test_counts_are_low_with_few_units_of_either_outcome() -> None:
    assert bernoulli_bound.too_few(*variants(19, 5_000, 60, 5_000))
    assert bernoulli_bound.too_few(*variants(60, 75, 100, 200))
    assert not bernoulli_bound.too_few(*variants(20, 5_000, 60, 5_000))
