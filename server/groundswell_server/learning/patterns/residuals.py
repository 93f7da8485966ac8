"""Residuals of log engagement after the effects of persona, platform, format and time slot."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]

OFFSET_PCT = 0.1
"""Percentage points added to rates before the logarithm, because a rate may be zero."""
MIN_IN_CELL = 5
"""Cells with fewer rows are merged, because their means would be mostly noise."""
_CERTAIN = 1e-9


def log_rates(rates_pct: Sequence[float]) -> Array:
    """Returns (n,) natural logarithms of rates, percent, plus `OFFSET_PCT`; a difference of 0.1 is about 10%."""
    return np.log(np.asarray(rates_pct, dtype=np.float64) + OFFSET_PCT)


def cells(keys: Sequence[tuple[Hashable, ...]]) -> Places:
    """Returns (n,) cell numbers of keys such as (persona, platform).

    Small cells are merged with those that agree in all elements of the key but the first. Cells that are still too
    small are merged into one.
    """
    wanted = list(keys)
    for shortened in (1, None):
        counts: dict[tuple[Hashable, ...], int] = {}
        for key in wanted:
            counts[key] = counts.get(key, 0) + 1
        wanted = [
            key if counts[key] >= MIN_IN_CELL else () if shortened is None else ("", *key[shortened:]) for key in wanted
        ]
    numbers: dict[tuple[Hashable, ...], int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in wanted], dtype=np.intp)


def dummies(labels: Sequence[Hashable]) -> Array:
    """Returns (n, K - 1) indicator columns of all K labels but the first."""
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)
    return np.eye(max(len(numbers), 1))[codes][:, 1:]


@dataclass(frozen=True, slots=True)
class Residuals:
    """The residuals of n outcomes after a least-squares fit of cell means and further columns."""

    values: Array
    """(n,) residuals, each divided by the square root of 1 minus its leverage, so that all have the variance of the
    noise; NaN where the leverage is 1."""
    scale: Array
    """(n,) the inverse of that divisor; 0 where the leverage is 1."""
    cells: Places
    """(n,) the cell number of each row."""
    columns: Array
    """(n, q) orthonormal columns, orthogonal to the cell indicators."""

    def spread(self, rows: Places) -> float:
        """Returns the difference in mean residuals between `rows` and the others per unit difference in outcomes.

        It is below 1 if the fit attributes part of the difference to cells or columns, and 0 if it attributes all.
        """
        sizes = np.bincount(self.cells)
        members = np.bincount(self.cells[rows], minlength=len(sizes)) / sizes
        along = self.columns[rows].sum(axis=0)
        left = -members[self.cells] - self.columns @ along
        left[rows] += 1.0
        left *= self.scale
        known = self.scale > 0.0
        inside = np.zeros(len(known), dtype=np.bool_)
        inside[rows] = True
        inside, outside = inside & known, ~inside & known
        return float(left[inside].mean() - left[outside].mean())


def residuals(outcomes: Array, cells: Places, columns: Array) -> Residuals:
    """Returns the residuals of outcomes (n,) after the means of their cells (n,) and the effects of columns (n, q).

    Cell means are first subtracted from the outcomes and the columns, which is equivalent to one joint fit (Frisch and
    Waugh 1933, Lovell 1963).
    """
    sizes = np.bincount(cells).astype(np.float64)
    within = columns - _cell_means(columns, cells, sizes)
    basis = _orthonormal(within)
    left = outcomes - _cell_means(outcomes[:, None], cells, sizes)[:, 0]
    left = left - basis @ (basis.T @ left)
    freedom = 1.0 - 1.0 / sizes[cells] - np.square(basis).sum(axis=1)
    free = freedom > _CERTAIN
    scale = np.where(free, 1.0 / np.sqrt(np.where(free, freedom, 1.0)), 0.0)
    return Residuals(np.where(free, left * scale, np.nan), scale, cells, basis)


def _cell_means(values: Array, cells: Places, sizes: Array) -> Array:
    """Returns (n, q) the cell means of each row."""
    if not values.shape[1]:
        return values
    sums = np.stack([np.bincount(cells, weights=column, minlength=len(sizes)) for column in values.T], axis=1)
    means: Array = (sums / sizes[:, None])[cells]
    return means


def _orthonormal(columns: Array) -> Array:
    """Returns (n, r) an orthonormal basis of the span of columns (n, q)."""
    if not columns.shape[1]:
        return columns
    left, strengths, _ = np.linalg.svd(columns, full_matrices=False)
    basis: Array = left[:, strengths > 1e-8 * max(float(strengths.max()), 1.0)]
    return basis
