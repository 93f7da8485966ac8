"""What each factor of a multivariate experiment does, alone and together with another.

The cells are the full product of the factors' levels, the last factor varying fastest. A level is compared with the
first of its factor, averaged over the other factors' levels in equal parts: who combined what has no part in it.
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
    """A comparison of levels."""

    factors: tuple[int, ...]
    """One factor: a main effect. Two: an interaction."""
    levels: tuple[int, ...]
    """The level of each factor that is compared with its first."""
    weights: Array
    """(cells,) of the cells' means."""


def contrasts(levels: Sequence[int]) -> Iterator[Contrast]:
    """All main effects and two-way interactions of factors with so many levels each (at least 2)."""
    for order in (1, 2):
        for factors in combinations(range(len(levels)), order):
            for chosen in np.ndindex(*(levels[factor] - 1 for factor in factors)):
                compared = {factor: level + 1 for factor, level in zip(factors, chosen, strict=True)}
                yield Contrast(factors, tuple(compared.values()), _weights(levels, compared))


def judge_contrast(contrast: Contrast, cells: Sequence[VariantMean], level: float = 0.95) -> Inference:
    """The contrast's estimate, its interval and p value; degrees of freedom by Satterthwaite 1946.

    A main effect is a difference of means; an interaction is by how much the effect of one level changes with the
    other.
    """
    means = np.array([cell.mean for cell in cells])
    errors = np.array([cell.error2 for cell in cells])
    degrees = np.array([cell.degrees for cell in cells])
    parts = contrast.weights**2 * errors
    error2 = np.asarray(parts.sum())
    doubt = np.asarray((parts**2 / degrees).sum())
    freedom = safe_divide(error2**2, doubt, 1.0)
    return t_test(np.asarray(contrast.weights @ means), error2, freedom, level)


def _weights(levels: Sequence[int], compared: dict[int, int]) -> Array:
    """(cells,) the product over the factors: level minus first for those compared, the average for the others."""
    weights = np.ones(1)
    for factor, count in enumerate(levels):
        along = np.full(count, 1.0 / count)
        if factor in compared:
            along = np.zeros(count)
            along[compared[factor]], along[0] = 1.0, -1.0
        weights = np.kron(weights, along)
    return weights
