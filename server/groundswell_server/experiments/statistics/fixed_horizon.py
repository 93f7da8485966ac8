"""Fixed-horizon tests: valid for one analysis at a size that was fixed beforehand. Repeated analyses invalidate them.

Arguments are (phases, ...), or standardised over the phases. a is the control, b is the variant, an estimate is b - a.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.variant_means import VariantMean, VariantMeans
from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]

MIN_SHARE = 1e-100
"""The minimum mean of the control, relative to the variant's mean and to the errors, for which a lift is defined."""


@dataclass(frozen=True, slots=True)
class Inference:
    """An estimate with its interval and p value."""

    estimate: Array
    lower: Array
    """-inf where the estimate is unbounded: without units, or when all values are equal."""
    upper: Array
    """inf where the estimate is unbounded."""
    p_value: Array
    """Two-sided; 1 without any data."""


def pooled_z(a: VariantMeans, b: VariantMeans, weights: Array, level: float = 0.95) -> Inference:
    """Returns the difference of two proportions: z-test with pooled variance, and Newcombe's interval.

    For several phases the differences are averaged with `weights` (phases, ...), variances are pooled within phases,
    and the intervals of the phases are combined by the method that underlies Newcombe's interval (Zou, Donner 2008,
    "Construction of confidence limits about effect measures", formula 3).
    """
    from scipy.special import ndtr

    apart = b.mean - a.mean
    estimate = (weights * apart).sum(axis=0)
    units_a, units_b = np.maximum(a.count, 1.0), np.maximum(b.count, 1.0)
    pooled = (a.mean * units_a + b.mean * units_b) / (units_a + units_b)
    error2 = (weights**2 * pooled * (1.0 - pooled) * (1.0 / units_a + 1.0 / units_b)).sum(axis=0)
    z = safe_divide(estimate, np.sqrt(error2))
    lower, upper = newcombe(a, b, level)
    unbounded = np.where(weights.any(axis=0), 0.0, np.inf)
    below = np.sqrt((weights**2 * (apart - lower) ** 2).sum(axis=0)) + unbounded
    above = np.sqrt((weights**2 * (upper - apart) ** 2).sum(axis=0)) + unbounded
    return Inference(estimate, estimate - below, estimate + above, 2.0 * ndtr(-np.abs(z)))


def newcombe(a: VariantMeans, b: VariantMeans, level: float = 0.95) -> tuple[Array, Array]:
    """Returns the interval of the difference of two proportions from Wilson's intervals: Newcombe 1998, method 10."""
    lower_a, upper_a = wilson(a, level)
    lower_b, upper_b = wilson(b, level)
    apart = b.mean - a.mean
    lower = apart - np.hypot(b.mean - lower_b, upper_a - a.mean)
    upper = apart + np.hypot(upper_b - b.mean, a.mean - lower_a)
    return lower, upper


def wilson(variant: VariantMeans, level: float = 0.95) -> tuple[Array, Array]:
    """Returns the interval of a proportion: Wilson 1927."""
    from scipy.special import ndtri

    z = ndtri(0.5 + level / 2.0)
    units = np.maximum(variant.count, 1.0)
    middle = (variant.mean + z**2 / (2.0 * units)) / (1.0 + z**2 / units)
    half = z / (1.0 + z**2 / units) * np.sqrt(variant.variance / units + z**2 / (4.0 * units**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def cohens_h(a: Array, b: Array) -> Array:
    """Returns the effect size of two proportions, the difference of their arcsines: Cohen 1988, formula 6.2.1."""
    return np.asarray(2.0 * np.arcsin(np.sqrt(np.clip(b, 0.0, 1.0))) - 2.0 * np.arcsin(np.sqrt(np.clip(a, 0.0, 1.0))))


def welch_t(a: VariantMean, b: VariantMean, level: float = 0.95) -> Inference:
    """Returns the difference of two means without assuming equal variances: Welch 1947."""
    return t_test(b.mean - a.mean, a.error2 + b.error2, welch_degrees(a, b), level)


def welch_degrees(a: VariantMean, b: VariantMean) -> Array:
    """Returns the degrees of freedom of the difference of two means."""
    error2 = a.error2 + b.error2
    spread = a.error2**2 / a.degrees + b.error2**2 / b.degrees
    return safe_divide(error2**2, spread, 1.0)


def cohens_d(a: VariantMean, b: VariantMean) -> Array:
    """Returns the effect size of two means, their difference in pooled standard deviations: Cohen 1988, section 2.5."""
    freedom_a, freedom_b = np.maximum(a.count - 1.0, 0.0), np.maximum(b.count - 1.0, 0.0)
    pooled = (freedom_a * a.variance + freedom_b * b.variance) / np.maximum(freedom_a + freedom_b, 1.0)
    return safe_divide(b.mean - a.mean, np.sqrt(pooled))


def relative_lift(a: VariantMean, b: VariantMean, level: float = 0.95) -> Inference:
    """Returns the difference relative to the control's mean: delta method, t with Welch's degrees of freedom.

    NaN where the control's mean is 0 or so small that the quotient would overflow. The method needs a mean that is
    several standard errors away from 0.
    """
    near = np.abs(a.mean) <= MIN_SHARE * (np.abs(b.mean) + np.sqrt(a.error2) + np.sqrt(b.error2))
    base = np.where(near, np.nan, a.mean)
    error = np.hypot(np.sqrt(b.error2) / base, b.mean / base * (np.sqrt(a.error2) / base))
    # Relative to the absolute value of a negative mean, so that an improvement keeps its sign.
    return _t_test((b.mean - a.mean) / np.abs(base), error, welch_degrees(a, b), level)


def t_test(estimate: Array, error2: Array, degrees: Array, level: float = 0.95) -> Inference:
    """Returns the t-test of an estimate against 0, from its squared standard error and its degrees of freedom."""
    return _t_test(estimate, np.sqrt(error2), degrees, level)


def _t_test(estimate: Array, error: Array, degrees: Array, level: float) -> Inference:
    from scipy.special import stdtr, stdtrit

    t = safe_divide(estimate, error)
    half = np.where(error > 0.0, stdtrit(degrees, 0.5 + level / 2.0) * error, np.inf)
    return Inference(estimate, estimate - half, estimate + half, 2.0 * stdtr(degrees, -np.abs(t)))
