"""The exact always-valid test of two proportions, for counts that are too low for a normal approximation.

The likelihood of the data under proportions p_a and p_b, mixed over Jeffreys' prior for each variant and divided by
their likelihood, is a martingale that starts at 1 (Robbins 1970). Divided instead by the highest likelihood of any
proportions that the hypothesis allows, it is smaller still (Wasserman, Ramdas, Balakrishnan 2020, "Universal
inference"). It therefore reaches 1 / alpha with probability at most alpha, for every sample size, order of arrival and
allocation. Phases have their own proportions, and their likelihoods multiply.

Variants are `VariantMeans` of conversions, (phases, ...).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.variant_means import VariantMeans
from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]

MIN_COUNT = 20.0
"""The conversions, and the units without one, that each variant needs for the asymptotic confidence sequence."""
_STEPS = 40


def too_few(a: VariantMeans, b: VariantMeans) -> NDArray[np.bool_]:
    """Returns True (...) where counts are too low for the asymptotic confidence sequence."""
    least = [np.minimum(one.count * one.mean, one.count * (1.0 - one.mean)).sum(axis=0) for one in (a, b)]
    return np.asarray(np.minimum(*least) < MIN_COUNT)


def log_evidence(a: VariantMeans, b: VariantMeans) -> Array:
    """Returns the logarithm of the e value (...) against equal proportions."""
    return np.asarray((_mixed(a) + _mixed(b) - _pooled(a, b)).sum(axis=0))


def log_evidence_above(a: VariantMeans, b: VariantMeans) -> Array:
    """Returns the logarithm of the e value (...) against b having at most the proportion of a in every phase."""
    best = np.where(b.mean <= a.mean, _free(a) + _free(b), _pooled(a, b))
    return np.asarray((_mixed(a) + _mixed(b) - best).sum(axis=0))


def interval(a: VariantMeans, b: VariantMeans, alpha: float) -> tuple[float, float]:
    """Returns the interval of the difference b - a, common to all phases (phases,), at any time."""
    a, b = _with_axis(a), _with_axis(b)
    evidence = float((_mixed(a) + _mixed(b)).sum())

    def refuted(differences: Array) -> NDArray[np.bool_]:
        return np.asarray(evidence - _constrained(a, b, differences).sum(axis=0) >= -math.log(alpha))

    units = a.count + b.count
    middle = float((units * (b.mean - a.mean)).sum() / max(float(units.sum()), 1.0))
    # Bisection of both ends at once.
    inside, outside = np.full(2, middle), np.array([-1.0, 1.0])
    bounded = refuted(outside)
    for _ in range(_STEPS):
        between = (inside + outside) / 2.0
        out = refuted(between)
        inside, outside = np.where(out, inside, between), np.where(out, between, outside)
    lower, upper = np.where(bounded, outside, [-1.0, 1.0]).tolist()
    return lower, upper


def _with_axis(variant: VariantMeans) -> VariantMeans:
    """Returns the same variant with the shape (phases, 1), for several differences at once."""
    return VariantMeans(variant.count[:, None], variant.mean[:, None], variant.variance[:, None])


def _mixed(variant: VariantMeans) -> Array:
    """Returns the log-likelihood (phases, ...) mixed over Beta(1/2, 1/2)."""
    from scipy.special import betaln

    hits = variant.count * variant.mean
    return np.asarray(betaln(hits + 0.5, variant.count - hits + 0.5) - betaln(0.5, 0.5))


def _likelihood(variant: VariantMeans, share: Array) -> Array:
    """Returns the log-likelihood (phases, ...) at a proportion."""
    from scipy.special import xlog1py, xlogy

    hits = variant.count * variant.mean
    return np.asarray(xlogy(hits, share) + xlog1py(variant.count - hits, -share))


def _free(variant: VariantMeans) -> Array:
    return _likelihood(variant, variant.mean)


def _pooled(a: VariantMeans, b: VariantMeans) -> Array:
    share = (a.count * a.mean + b.count * b.mean) / np.maximum(a.count + b.count, 1.0)
    return _likelihood(a, share) + _likelihood(b, share)


def _constrained(a: VariantMeans, b: VariantMeans, difference: Array) -> Array:
    """Returns the highest log-likelihood (phases, differences) for b = a + difference."""
    share = _constrained_share(a, b, difference)
    share = np.clip(share, np.maximum(0.0, -difference), np.minimum(1.0, 1.0 - difference))
    return _likelihood(a, share) + _likelihood(b, np.clip(share + difference, 0.0, 1.0))


def _constrained_share(a: VariantMeans, b: VariantMeans, difference: Array) -> Array:
    """Returns the proportion of a (phases, differences) with the highest likelihood for b = a + difference.

    It is the middle root of the likelihood equation, a cubic: Miettinen, Nurminen 1985, "Comparative analysis of two
    rates", appendix 1, with b for 1 and a for 2.
    """
    units = np.maximum(a.count + b.count, 1.0)
    hits_a = a.count * a.mean
    hits = hits_a + b.count * b.mean
    square = ((b.count + 2.0 * a.count) * difference - units - hits) / units
    linear = ((a.count * difference - units - 2.0 * hits_a) * difference + hits) / units
    constant = hits_a * difference * (1.0 - difference) / units
    bend = square**3 / 27.0 - linear * square / 6.0 + constant / 2.0
    reach = np.copysign(np.sqrt(np.maximum(square**2 / 9.0 - linear / 3.0, 0.0)), bend)
    angle = (np.pi + np.arccos(np.clip(safe_divide(bend, reach**3), -1.0, 1.0))) / 3.0
    return np.asarray(2.0 * reach * np.cos(angle) - square / 3.0)
