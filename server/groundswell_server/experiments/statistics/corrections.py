"""Corrections for multiple testing: adjusted p values of a family of tests, in the order given."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def holm(p_values: ArrayLike) -> Array:
    """Returns p values (n,) adjusted to control the family-wise error rate: Holm 1979. Used for the variants."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _restored(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p_values: ArrayLike) -> Array:
    """Returns p values (n,) adjusted to control the false discovery rate: Benjamini, Hochberg 1995.

    Used for secondary metrics, which decide nothing.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    ratio = p[order] * len(p) / np.arange(1, len(p) + 1)
    stepped = np.minimum.accumulate(ratio[::-1])[::-1]
    return _restored(np.minimum(stepped, 1.0), order)


def _restored(sorted_values: Array, order: NDArray[np.intp]) -> Array:
    restored = np.empty_like(sorted_values)
    restored[order] = sorted_values
    return restored
