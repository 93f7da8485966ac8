"""Factorial analysis of a multivariate experiment: main effects and two-way interactions.

The cells are the full product of the factors' levels, with the last factor varying fastest. A level is compared with
the first level of its factor, averaged over the other factors' levels with equal weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.fixed_horizon import Inference, t_test
from groundswell_server.experiments.statistics.variant_means import VariantMean
from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A contrast of the cells' means."""

    factors: tuple[int, ...]
    """One factor for a main effect, two for an interaction."""
    levels: tuple[int, ...]
    """The level of each factor that is compared with the factor's first level."""
    weights: Array
    """(cells,) weights of the cells' means."""


def contrasts(levels: Sequence[int]) -> Iterator[Contrast]:
    """Yields all main effects and two-way interactions; `levels` is the number of levels of each factor, at least 2."""
    for order in (1, 2):
        for factors in combinations(range(len(levels)), order):
            for chosen in np.ndindex(*(levels[factor] - 1 for factor in factors)):
                compared = {factor: level + 1 for factor, level in zip(factors, chosen, strict=True)}
                yield Contrast(factors, tuple(compared.values()), _weights(levels, compared))


def judge_contrast(contrast: Contrast, cells: Sequence[VariantMean], level: float = 0.95) -> Inference:
    """Returns the estimate of a contrast with its interval and p value; degrees of freedom by Satterthwaite 1946.

    A main effect is a difference of means. An interaction is the change of one level's effect by the other level.
    """
    means = np.array([cell.mean for cell in cells])
    errors = np.array([cell.error2 for cell in cells])
    degrees = np.array([cell.degrees for cell in cells])
    parts = contrast.weights**2 * errors
    error2 = np.asarray(parts.sum())
    spread = np.asarray((parts**2 / degrees).sum())
    freedom = safe_divide(error2**2, spread, 1.0)
    return t_test(np.asarray(contrast.weights @ means), error2, freedom, level)


def _weights(levels: Sequence[int], compared: dict[int, int]) -> Array:
    """Returns the weights (cells,): level minus first level for the compared factors, the average for the others."""
    weights = np.ones(1)
    for factor, count in enumerate(levels):
        along = np.full(count, 1.0 / count)
        if factor in compared:
            along = np.zeros(count)
            along[compared[factor]], along[0] = 1.0, -1.0
        weights = np.kron(weights, along)
    return weights
