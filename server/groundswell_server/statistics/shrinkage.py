"""Empirical Bayes shrinkage of many means towards their expected values, the more the less certain each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SPREADS = 100


@dataclass(frozen=True, slots=True)
class Shrunken:
    """The posterior of K true means."""

    mean: Array
    """(K,) posterior means."""
    deviation: Array
    """(K,) posterior standard deviations."""
    pull: Array
    """(K,) weight of the expected value in each mean, 0 to 1."""


def shrink(means: Array, errors: Array, expected: Array, largest_spread: float | None = None) -> Shrunken:
    """Returns the posterior of K true means from estimates (K,), standard errors (K,) and expected values (K,).

    True means spread normally about `expected` plus a common offset. Offset and spread are unknown (flat priors) and
    integrated out, the spread on a grid from 0 to `largest_spread`, which is three times that of the estimates by
    default: Gelman, Carlin, Stern, Dunson, Vehtari, Rubin 2013, "Bayesian Data Analysis", section 5.4, formulas 5.17,
    5.20 and 5.21. A mean without observations has an infinite error; its entry in `means` is ignored.
    """
    known = np.isfinite(errors)
    apart = np.where(known, means, 0.0) - np.where(known, expected, 0.0)
    noise = np.where(known, np.square(errors), 1.0)
    if largest_spread is None:
        largest_spread = max(3.0 * float(apart[known].std()), float(np.sqrt(noise[known]).mean()))
    spread = np.linspace(0.0, largest_spread, _SPREADS)[:, None]
    precision = np.where(known, 1.0 / (noise + spread**2), 0.0)
    offset_variance = 1.0 / precision.sum(axis=1, keepdims=True)
    offset = offset_variance * (precision * apart).sum(axis=1, keepdims=True)
    likelihood = 0.5 * (np.log(offset_variance) + _log_sum(precision, apart - offset, known))
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    pull = np.where(known, noise * precision, 1.0)
    mean = (1.0 - pull) * apart + pull * offset
    variance = pull * spread**2 + pull**2 * offset_variance
    middle = (weight * mean).sum(axis=0)
    total = (weight * (variance + np.square(mean - middle))).sum(axis=0)
    return Shrunken(expected + middle, np.sqrt(total), (weight * pull).sum(axis=0))


def _log_sum(precision: Array, apart: Array, known: NDArray[np.bool_]) -> Array:
    """Returns twice the log density (spreads, 1) of the estimates, given each spread."""
    terms = np.log(np.where(known, precision, 1.0)) - precision * np.square(apart)
    total: Array = np.where(known, terms, 0.0).sum(axis=1, keepdims=True)
    return total
