"""The always-valid test of two proportions that is exact however rare the event: for counts too low for normal tails.

Under proportions p_a and p_b, the likelihood of the data mixed over Jeffreys' prior for each arm, divided by their
likelihood, is a martingale that starts at 1 (Robbins 1970). Divided by the highest likelihood of any proportions that
the hypothesis allows it is smaller still (Wasserman, Ramdas, Balakrishnan 2020, "Universal inference"): it reaches
1 / alpha with at most the probability alpha, for every sample size, order of arrival and allocation. Phases have
proportions of their own and multiply.

Arms are `ArmMeans` of conversions, (phases, ...).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.arms import ArmMeans

Array = NDArray[np.float64]

FEWEST = 20.0
"""Conversions, and units without one, that each arm needs before the asymptotic sequence is relied on."""
_STEPS = 40


def too_few(a: ArmMeans, b: ArmMeans) -> NDArray[np.bool_]:
    """(...) whether counts are so low that this bound has to decide."""
    least = [np.minimum(arm.count * arm.mean, arm.count * (1.0 - arm.mean)).sum(axis=0) for arm in (a, b)]
    return np.asarray(np.minimum(*least) < FEWEST)


def log_evidence(a: ArmMeans, b: ArmMeans) -> Array:
    """(...) logarithm of e against equal proportions."""
    return np.asarray((_mixed(a) + _mixed(b) - _pooled(a, b)).sum(axis=0))


def log_evidence_above(a: ArmMeans, b: ArmMeans) -> Array:
    """(...) as `log_evidence`, against the proportion of b being that of a or less, in every phase."""
    best = np.where(b.mean <= a.mean, _free(a) + _free(b), _pooled(a, b))
    return np.asarray((_mixed(a) + _mixed(b) - best).sum(axis=0))


def interval(a: ArmMeans, b: ArmMeans, alpha: float) -> tuple[float, float]:
    """Differences b - a, the same in all phases, that are not refuted at any look. Arms are (phases,)."""
    evidence = float((_mixed(a) + _mixed(b)).sum())

    def refuted(difference: float) -> bool:
        return evidence - float(_constrained(a, b, difference).sum()) >= -math.log(alpha)

    units = a.count + b.count
    middle = float((units * (b.mean - a.mean)).sum() / max(float(units.sum()), 1.0))
    return _edge(refuted, middle, -1.0), _edge(refuted, middle, 1.0)


def _edge(refuted: Callable[[float], bool], inside: float, outside: float) -> float:
    if not refuted(outside):
        return outside
    for _ in range(_STEPS):
        between = (inside + outside) / 2.0
        inside, outside = (inside, between) if refuted(between) else (between, outside)
    return outside


def _mixed(arm: ArmMeans) -> Array:
    """(phases, ...) log-likelihood mixed over Beta(1/2, 1/2)."""
    from scipy.special import betaln

    hits = arm.count * arm.mean
    return np.asarray(betaln(hits + 0.5, arm.count - hits + 0.5) - betaln(0.5, 0.5))


def _likelihood(arm: ArmMeans, share: Array) -> Array:
    """(phases, ...) log-likelihood at a proportion."""
    from scipy.special import xlog1py, xlogy

    hits = arm.count * arm.mean
    return np.asarray(xlogy(hits, share) + xlog1py(arm.count - hits, -share))


def _free(arm: ArmMeans) -> Array:
    return _likelihood(arm, arm.mean)


def _pooled(a: ArmMeans, b: ArmMeans) -> Array:
    share = (a.count * a.mean + b.count * b.mean) / np.maximum(a.count + b.count, 1.0)
    return _likelihood(a, share) + _likelihood(b, share)


def _constrained(a: ArmMeans, b: ArmMeans, difference: float) -> Array:
    """(phases,) the highest log-likelihood where b is a + difference, by halving: it is concave in the proportion."""
    low = np.full(a.count.shape, max(0.0, -difference))
    high = np.full(a.count.shape, min(1.0, 1.0 - difference))
    for _ in range(_STEPS):
        share = (low + high) / 2.0
        rising = _slope(a, share) + _slope(b, share + difference) > 0.0
        low, high = np.where(rising, share, low), np.where(rising, high, share)
    share = (low + high) / 2.0
    return _likelihood(a, share) + _likelihood(b, np.clip(share + difference, 0.0, 1.0))


def _slope(arm: ArmMeans, share: Array) -> Array:
    inside = np.clip(share, 1e-300, 1.0 - 1e-16)
    hits = arm.count * arm.mean
    return np.asarray(hits / inside - (arm.count - hits) / (1.0 - inside))
