"""The always-valid test of two proportions that is exact however rare the event: for counts too low for normal tails.

Under proportions p_a and p_b, the likelihood of the data mixed over Jeffreys' prior for each variant, divided by their
likelihood, is a martingale that starts at 1 (Robbins 1970). Divided by the highest likelihood of any proportions that
the hypothesis allows it is smaller still (Wasserman, Ramdas, Balakrishnan 2020, "Universal inference"): it reaches
1 / alpha with at most the probability alpha, for every sample size, order of arrival and allocation. Phases have
proportions of their own and multiply.

Arms are `VariantMeans` of conversions, (phases, ...).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.variant_means import VariantMeans
from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]

FEWEST = 20.0
"""Conversions, and units without one, that each arm needs before the asymptotic sequence is relied on."""
_STEPS = 40


def too_few(a: VariantMeans, b: VariantMeans) -> NDArray[np.bool_]:
    """(...) whether counts are so low that this bound has to decide."""
    least = [np.minimum(arm.count * arm.mean, arm.count * (1.0 - arm.mean)).sum(axis=0) for arm in (a, b)]
    return np.asarray(np.minimum(*least) < FEWEST)


def log_evidence(a: VariantMeans, b: VariantMeans) -> Array:
    """(...) logarithm of e against equal proportions."""
    return np.asarray((_mixed(a) + _mixed(b) - _pooled(a, b)).sum(axis=0))


def log_evidence_above(a: VariantMeans, b: VariantMeans) -> Array:
    """(...) as `log_evidence`, against the proportion of b being that of a or less, in every phase."""
    best = np.where(b.mean <= a.mean, _free(a) + _free(b), _pooled(a, b))
    return np.asarray((_mixed(a) + _mixed(b) - best).sum(axis=0))


def interval(a: VariantMeans, b: VariantMeans, alpha: float) -> tuple[float, float]:
    """Differences b - a, the same in all phases, that are not refuted at any look. Arms are (phases,)."""
    a, b = _with_axis(a), _with_axis(b)
    evidence = float((_mixed(a) + _mixed(b)).sum())

    def refuted(differences: Array) -> NDArray[np.bool_]:
        return np.asarray(evidence - _constrained(a, b, differences).sum(axis=0) >= -math.log(alpha))

    units = a.count + b.count
    middle = float((units * (b.mean - a.mean)).sum() / max(float(units.sum()), 1.0))
    # Both ends at once, by halving.
    inside, outside = np.full(2, middle), np.array([-1.0, 1.0])
    bounded = refuted(outside)
    for _ in range(_STEPS):
        between = (inside + outside) / 2.0
        out = refuted(between)
        inside, outside = np.where(out, inside, between), np.where(out, between, outside)
    lower, upper = np.where(bounded, outside, [-1.0, 1.0]).tolist()
    return lower, upper


def _with_axis(arm: VariantMeans) -> VariantMeans:
    """The same arm as (phases, 1), for several differences at once."""
    return VariantMeans(arm.count[:, None], arm.mean[:, None], arm.variance[:, None])


def _mixed(arm: VariantMeans) -> Array:
    """(phases, ...) log-likelihood mixed over Beta(1/2, 1/2)."""
    from scipy.special import betaln

    hits = arm.count * arm.mean
    return np.asarray(betaln(hits + 0.5, arm.count - hits + 0.5) - betaln(0.5, 0.5))


def _likelihood(arm: VariantMeans, share: Array) -> Array:
    """(phases, ...) log-likelihood at a proportion."""
    from scipy.special import xlog1py, xlogy

    hits = arm.count * arm.mean
    return np.asarray(xlogy(hits, share) + xlog1py(arm.count - hits, -share))


def _free(arm: VariantMeans) -> Array:
    return _likelihood(arm, arm.mean)


def _pooled(a: VariantMeans, b: VariantMeans) -> Array:
    share = (a.count * a.mean + b.count * b.mean) / np.maximum(a.count + b.count, 1.0)
    return _likelihood(a, share) + _likelihood(b, share)


def _constrained(a: VariantMeans, b: VariantMeans, difference: Array) -> Array:
    """(phases, differences) the highest log-likelihood where b is a + difference."""
    share = _constrained_share(a, b, difference)
    share = np.clip(share, np.maximum(0.0, -difference), np.minimum(1.0, 1.0 - difference))
    return _likelihood(a, share) + _likelihood(b, np.clip(share + difference, 0.0, 1.0))


def _constrained_share(a: VariantMeans, b: VariantMeans, difference: Array) -> Array:
    """(phases, differences) the proportion of a at which that is: the middle root of the likelihood equation, a cubic.

    Miettinen, Nurminen 1985, "Comparative analysis of two rates", appendix 1, with b for 1 and a for 2.
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
