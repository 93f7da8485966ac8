"""Means and variances of a variant, for each phase and standardised over the phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.moments import FIELDS, Moments
from groundswell_server.statistics.safe_division import safe_divide
from groundswell_storage.experiments.enums import MetricKind

Array = NDArray[np.float64]

MIN_DENOMINATOR = 1e-100
"""The maximum mean denominator that is treated as zero: its square would underflow."""
ROUNDING = 3e-7
"""The minimum standard deviation, relative to the mean, that the sums can represent: a smaller one is lost to rounding,
and the values are treated as equal."""


@dataclass(frozen=True, slots=True)
class VariantMeans:
    """The means of one variant in each phase."""

    count: Array
    """(phases, ...) units; 0 where a RATIO is undefined because its denominators sum to 0."""
    mean: Array
    """(phases, ...) mean of the units' values; for a RATIO the sum of numerators over the sum of denominators."""
    variance: Array
    """(phases, ...) variance of one unit's value; for a RATIO, of its linearised value (delta method)."""

    @property
    def error2(self) -> Array:
        """Returns the squared standard error (phases, ...) of the mean."""
        return self.variance / np.maximum(self.count, 1.0)


@dataclass(frozen=True, slots=True)
class VariantMean:
    """The mean of one variant over all phases, with phase weights that are common to all compared variants."""

    count: Array
    """(...) units."""
    mean: Array
    """(...) weighted mean."""
    error2: Array
    """(...) squared standard error of the mean."""
    degrees: Array
    """(...) degrees of freedom of `error2` (Welch 1947, Satterthwaite 1946)."""
    variance: Array
    """(...) variance of one unit's value within its phase."""


def conversions(successes: Array, units: Array) -> VariantMeans:
    """Returns the means of conversions from counts (phases, ...). The variance of a proportion p is p (1 - p)."""
    share = safe_divide(successes, units)
    return VariantMeans(np.asarray(units, np.float64), share, share * (1.0 - share))


def measure(kind: MetricKind, phases: Sequence[Moments]) -> VariantMeans:
    """Returns the means of a variant from its moments in each phase, without adjustment for a covariate."""
    sums = _columns(phases)
    count = sums["count"]
    if kind is MetricKind.CONVERSION:
        return conversions(sums["y"], count)
    many = np.maximum(count, 1.0)
    if kind is not MetricKind.RATIO:
        return VariantMeans(count, sums["y"] / many, covariance(sums, "y", "y"))
    ratio, below, known = _ratio(sums)
    spread = covariance(sums, "y", "y") - 2.0 * ratio * covariance(sums, "y", "z")
    spread = spread + ratio**2 * covariance(sums, "z", "z")
    # A ratio over a zero denominator is undefined, not 0: it is no evidence of a difference.
    return VariantMeans(np.where(known, count, 0.0), ratio, np.maximum(spread, 0.0) / below**2)


def adjust(kind: MetricKind, variants: Sequence[Sequence[Moments]]) -> list[VariantMeans]:
    """Returns the means of variants, from moments (variants, phases), adjusted for the pre-experiment covariate: CUPED.

    The slope is common to all variants of a phase and is estimated within variants. An adjusted mean is that of units
    with the average covariate of the phase. Deng, Xu, Kohavi, Walker 2013, formulas 4 and 5; a RATIO is linearised
    first (delta method; their appendix B).
    """
    columns = [_columns(phases) for phases in variants]
    plain = [measure(MetricKind.MEAN if kind is MetricKind.CONVERSION else kind, phases) for phases in variants]
    everyone = np.maximum(np.array([sums["count"] for sums in columns]).sum(axis=0), 1.0)
    average = np.array([sums["x"] for sums in columns]).sum(axis=0) / everyone
    with_x = np.array([_with_covariate(kind, sums) for sums in columns])
    spread = np.array([covariance(sums, "x", "x") for sums in columns])
    weights = np.maximum(np.array([variant.count for variant in plain]) - 1.0, 0.0)
    together, alone = (weights * with_x).sum(axis=0), (weights * spread).sum(axis=0)
    slope = safe_divide(together, alone)
    adjusted = []
    for variant, sums, shared, own in zip(plain, columns, with_x, spread, strict=True):
        mean = variant.mean - slope * (sums["x"] / np.maximum(sums["count"], 1.0) - average)
        variance = variant.variance - 2.0 * slope * shared + slope**2 * own
        adjusted.append(VariantMeans(variant.count, mean, np.maximum(variance, 0.0)))
    return adjusted


def phase_weights(variants: Sequence[VariantMeans], min_units: float = 2.0) -> Array:
    """Returns the share (phases, ...) of the units in each phase; 0 for a phase in which a variant has too few units.

    `min_units` is the least number of units of a variant; two are needed to estimate a variance. Weights that are
    common to all variants prevent a change of the split from appearing as an effect (Simpson's paradox). Weights in
    proportion to units make the sum over phases a martingale, which the always-valid tests need.
    """
    counts = np.array([variant.count for variant in variants])
    units = np.where((counts >= min_units).all(axis=0), counts.sum(axis=0), 0.0)
    return np.asarray(units / np.maximum(units.sum(axis=0), 1.0))


def standardize(variant: VariantMeans, weights: Array) -> VariantMean:
    """Returns the mean of a variant over its phases; `weights` (phases, ...) sum to 1, or are all 0 without data."""
    used = weights > 0.0
    error2 = (weights**2 * variant.error2).sum(axis=0)
    freedom = np.where(used, np.maximum(variant.count - 1.0, 1.0), 1.0)
    spread = (weights**4 * variant.error2**2 / freedom).sum(axis=0)
    degrees = safe_divide(error2**2, spread, np.maximum((used * freedom).sum(axis=0), 1.0))
    within = (used * freedom * variant.variance).sum(axis=0) / np.maximum((used * freedom).sum(axis=0), 1.0)
    return VariantMean(
        (used * variant.count).sum(axis=0), (weights * variant.mean).sum(axis=0), error2, degrees, within
    )


def covariance(sums: dict[str, Array], first: str, second: str) -> Array:
    """Returns the sample covariance (phases,) of two of x, y and z; 0 for fewer than two units.

    A variance that is lost to rounding is 0.
    """
    product = sums["".join(sorted(first + second, key="yzx".index))]
    count = np.maximum(sums["count"], 1.0)
    apart = product - sums[first] * sums[second] / count
    if first == second:
        apart = np.where(apart > ROUNDING**2 * product, apart, 0.0)
    return np.asarray(apart / np.maximum(count - 1.0, 1.0))


def _ratio(sums: dict[str, Array]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Returns the ratio (phases,), the mean denominator, and where the ratio is defined; elsewhere they are 0 and 1."""
    below = sums["z"] / np.maximum(sums["count"], 1.0)
    known = np.abs(below) > MIN_DENOMINATOR
    return safe_divide(sums["y"], np.where(known, sums["z"], 0.0)), np.where(known, below, 1.0), known


def _with_covariate(kind: MetricKind, sums: dict[str, Array]) -> Array:
    """Returns the covariance (phases,) of a unit's (linearised) value with its covariate."""
    if kind is not MetricKind.RATIO:
        return covariance(sums, "y", "x")
    ratio, below, _ = _ratio(sums)
    return (covariance(sums, "y", "x") - ratio * covariance(sums, "z", "x")) / below


def _columns(phases: Sequence[Moments]) -> dict[str, Array]:
    return {name: np.array([getattr(moments, name) for moments in phases], np.float64) for name in FIELDS}
