"""Tests for a change between two samples: pure functions over arrays (n,) and (m,).

Neighbouring values in time order may be correlated; the sample then counts for fewer observations: n (1 - r) / (1 + r)
for a first-order autocorrelation r (Bayley, Hammersley 1946, "The effective number of independent observations in an
autocorrelated time series").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov, stdtr

Array = NDArray[np.float64]

PSI_BINS = 10
_SMALLEST_SHARE = 1e-4
"""Smallest share of a bin, so that an empty one does not make the index infinite."""
_HIGHEST_CORRELATION = 0.95


@dataclass(frozen=True, slots=True)
class Summary:
    """Moments of a sample."""

    mean: float
    sd: float
    """Standard deviation with n - 1 degrees of freedom."""
    size: float
    """Effective number of independent observations."""

    @classmethod
    def of(cls, sample: Array) -> Summary:
        """Returns the moments of at least two observations in time order."""
        return cls(float(sample.mean()), float(sample.std(ddof=1)), effective_size(sample))


def effective_size(sample: Array) -> float:
    """Returns the effective number of independent observations of a sample in time order, at most its length."""
    n = len(sample)
    r = autocorrelation(sample)
    # Chance alone causes some correlation: only values beyond two standard errors count.
    if r <= 2.0 / math.sqrt(n):
        return float(n)
    r = min(r, _HIGHEST_CORRELATION)
    return max(n * (1.0 - r) / (1.0 + r), 2.0)


def autocorrelation(sample: Array) -> float:
    """Returns the first-order autocorrelation, -1 to 1; 0 for a constant sample."""
    deviations = sample - sample.mean()
    spread = float(np.sum(deviations**2))
    return float(np.sum(deviations[1:] * deviations[:-1])) / spread if spread > 0.0 else 0.0


def welch_different(before: Summary, after: Summary) -> float:
    """Returns the two-sided p value of Welch's t-test."""
    greater = welch_greater(before, after)
    return 2.0 * min(greater, 1.0 - greater)


def welch_greater(before: Summary, after: Summary) -> float:
    """Returns the one-sided p value of Welch's t-test against a mean that has not increased (Welch 1947)."""
    a, b = before.sd**2 / before.size, after.sd**2 / after.size
    if a + b == 0.0:
        return 0.5 if after.mean == before.mean else float(after.mean < before.mean)
    t = (after.mean - before.mean) / math.sqrt(a + b)
    freedom = (a + b) ** 2 / (a**2 / max(before.size - 1.0, 1.0) + b**2 / max(after.size - 1.0, 1.0))
    return float(stdtr(freedom, -t))


def ks_distance(reference: Array, sample: Array) -> float:
    """Returns the Kolmogorov-Smirnov distance D, 0 to 1: the largest distance of two distribution functions.

    `reference` must be sorted.
    """
    points = np.concatenate([reference, sample])
    ours = np.searchsorted(np.sort(sample), points, side="right") / len(sample)
    theirs = np.searchsorted(reference, points, side="right") / len(reference)
    return float(np.max(np.abs(ours - theirs)))


def ks_p_value(distance: float, n: float, m: float) -> float:
    """Returns the probability of this distance between n and m independent observations of one distribution.

    Asymptotic, with Stephens's correction for small samples (Stephens 1970). Ties make it too large.
    """
    root = math.sqrt(n * m / (n + m))
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def population_stability_index(reference: Array, sample: Array) -> float:
    """Returns the population stability index: the sum over bins of (a - e) ln(a / e) for shares e and a in each.

    Bins are the deciles of the reference, which must be sorted; equal deciles form one bin. 0.1 and 0.25 are customary
    thresholds. Needs 500 rows: with fewer, chance alone exceeds them.
    """
    edges = np.unique(np.quantile(reference, np.linspace(0.0, 1.0, PSI_BINS + 1)[1:-1]))
    expected, actual = (
        np.maximum(
            np.bincount(np.searchsorted(edges, one, side="left"), minlength=len(edges) + 1) / len(one), _SMALLEST_SHARE
        )
        for one in (reference, sample)
    )
    return float(np.sum((actual - expected) * np.log(actual / expected)))
