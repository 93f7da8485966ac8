"""Mean and variance of an arm, phase by phase, and brought together over the phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.enums import MetricKind
from groundswell_server.experiments.statistics.moments import FIELDS, Moments
from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]

MIN_DENOMINATOR = 1e-100
"""A mean denominator up to this is nothing: its square would be, too."""
ROUNDING = 3e-7
"""Share of its mean that a standard deviation has to have to be known: of smaller ones rounding leaves nothing in the
sums, however many they are, and the values pass for all alike."""


@dataclass(frozen=True, slots=True)
class VariantMeans:
    """One arm of an experiment, phase by phase."""

    count: Array
    """(phases, ...) units; 0 where the mean is none: of a RATIO whose denominators sum to 0."""
    mean: Array
    """(phases, ...) of the units' values; of a RATIO sum over sum."""
    variance: Array
    """(phases, ...) of one unit's value; of a RATIO, of its share in the ratio (delta method)."""

    @property
    def error2(self) -> Array:
        """(phases, ...) squared standard error of the mean."""
        return self.variance / np.maximum(self.count, 1.0)


@dataclass(frozen=True, slots=True)
class VariantMean:
    """One arm over all phases, each phase weighted alike in all arms that are compared."""

    count: Array
    """(...) units."""
    mean: Array
    """(...)"""
    error2: Array
    """(...) squared standard error of the mean."""
    degrees: Array
    """(...) degrees of freedom of `error2` (Welch 1947, Satterthwaite 1946)."""
    variance: Array
    """(...) of one unit's value within its phase."""


def conversions(successes: Array, units: Array) -> VariantMeans:
    """An arm of 0s and 1s from counts (phases, ...). The variance of a proportion p is p (1 - p)."""
    share = safe_divide(successes, units)
    return VariantMeans(np.asarray(units, np.float64), share, share * (1.0 - share))


def measure(kind: MetricKind, phases: Sequence[Moments]) -> VariantMeans:
    """An arm from its moments in each phase, with no adjustment for a covariate."""
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
    # Over nothing there is no ratio, and no evidence that it differs from another: it is not 0.
    return VariantMeans(np.where(known, count, 0.0), ratio, np.maximum(spread, 0.0) / below**2)


def adjust(kind: MetricKind, arms: Sequence[Sequence[Moments]]) -> list[VariantMeans]:
    """Arms (arms, phases) adjusted for the covariate from before the experiment: CUPED.

    The slope is common to all arms and estimated within arms, in each phase; means are those of units with the average
    covariate of all arms of the phase. Deng, Xu, Kohavi, Walker 2013, formulas 4 and 5; a RATIO is linearised first
    (delta method; their appendix B).
    """
    columns = [_columns(phases) for phases in arms]
    plain = [measure(MetricKind.MEAN if kind is MetricKind.CONVERSION else kind, phases) for phases in arms]
    everyone = np.maximum(np.array([sums["count"] for sums in columns]).sum(axis=0), 1.0)
    average = np.array([sums["x"] for sums in columns]).sum(axis=0) / everyone
    with_x = np.array([_with_covariate(kind, sums) for sums in columns])
    spread = np.array([covariance(sums, "x", "x") for sums in columns])
    weights = np.maximum(np.array([arm.count for arm in plain]) - 1.0, 0.0)
    together, alone = (weights * with_x).sum(axis=0), (weights * spread).sum(axis=0)
    slope = safe_divide(together, alone)
    adjusted = []
    for arm, sums, shared, own in zip(plain, columns, with_x, spread, strict=True):
        mean = arm.mean - slope * (sums["x"] / np.maximum(sums["count"], 1.0) - average)
        variance = arm.variance - 2.0 * slope * shared + slope**2 * own
        adjusted.append(VariantMeans(arm.count, mean, np.maximum(variance, 0.0)))
    return adjusted


def phase_weights(arms: Sequence[VariantMeans], fewest: float = 2.0) -> Array:
    """(phases, ...) the share of the arms' units in each phase; 0 for one in which an arm has less than `fewest`.

    Weights that all arms share keep a change of the split from passing for an effect (Simpson's paradox); weights by
    units make the sum over phases a martingale, which the always-valid tests need. Two units are the fewest that say
    anything of the variance.
    """
    counts = np.array([arm.count for arm in arms])
    units = np.where((counts >= fewest).all(axis=0), counts.sum(axis=0), 0.0)
    return np.asarray(units / np.maximum(units.sum(axis=0), 1.0))


def standardize(arm: VariantMeans, weights: Array) -> VariantMean:
    """An arm over its phases, with `weights` (phases, ...) that sum to 1; all zero where nothing can be said."""
    used = weights > 0.0
    error2 = (weights**2 * arm.error2).sum(axis=0)
    freedom = np.where(used, np.maximum(arm.count - 1.0, 1.0), 1.0)
    doubt = (weights**4 * arm.error2**2 / freedom).sum(axis=0)
    degrees = safe_divide(error2**2, doubt, np.maximum((used * freedom).sum(axis=0), 1.0))
    within = (used * freedom * arm.variance).sum(axis=0) / np.maximum((used * freedom).sum(axis=0), 1.0)
    return VariantMean((used * arm.count).sum(axis=0), (weights * arm.mean).sum(axis=0), error2, degrees, within)


def covariance(sums: dict[str, Array], first: str, second: str) -> Array:
    """(phases,) covariance of two of x, y, z over n units, with n - 1 below; 0 for fewer than two units.

    A variance is 0 where it is lost to rounding.
    """
    product = sums["".join(sorted(first + second, key="yzx".index))]
    count = np.maximum(sums["count"], 1.0)
    apart = product - sums[first] * sums[second] / count
    if first == second:
        apart = np.where(apart > ROUNDING**2 * product, apart, 0.0)
    return np.asarray(apart / np.maximum(count - 1.0, 1.0))


def _ratio(sums: dict[str, Array]) -> tuple[Array, Array, NDArray[np.bool_]]:
    """(phases,) sum over sum, the mean denominator, and whether there is a ratio; 0 and 1 where there is none."""
    below = sums["z"] / np.maximum(sums["count"], 1.0)
    known = np.abs(below) > MIN_DENOMINATOR
    return safe_divide(sums["y"], np.where(known, sums["z"], 0.0)), np.where(known, below, 1.0), known


def _with_covariate(kind: MetricKind, sums: dict[str, Array]) -> Array:
    """(phases,) covariance of a unit's share in the metric with its covariate."""
    if kind is not MetricKind.RATIO:
        return covariance(sums, "y", "x")
    ratio, below, _ = _ratio(sums)
    return (covariance(sums, "y", "x") - ratio * covariance(sums, "z", "x")) / below


def _columns(phases: Sequence[Moments]) -> dict[str, Array]:
    return {name: np.array([getattr(moments, name) for moments in phases], np.float64) for name in FIELDS}
