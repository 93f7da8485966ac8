"""Log engagement freed of what else it depends on: persona, platform, format and time slot."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.intp]

OFFSET_PCT = 0.1
"""Added to rates before the logarithm, percentage points, so that a post nobody reacted to has one."""
FEWEST_IN_CELL = 5
"""Cells with fewer rows are taken together: what is subtracted would be mostly their own noise."""
_CERTAIN = 1e-9


def log_rates(rates_pct: Sequence[float]) -> Array:
    """(n,) natural logarithms of rates, percent, plus `OFFSET_PCT`: a difference of 0.1 is about 10% of engagement."""
    return np.log(np.asarray(rates_pct, dtype=np.float64) + OFFSET_PCT)


def cells(keys: Sequence[tuple[Hashable, ...]]) -> Places:
    """(n,) numbers of cells, such as of a persona on a platform; those too small fall together by all but the first.

    What then is too small still falls together as a whole.
    """
    wanted = list(keys)
    for shortened in (1, None):
        counts: dict[tuple[Hashable, ...], int] = {}
        for key in wanted:
            counts[key] = counts.get(key, 0) + 1
        wanted = [
            key if counts[key] >= FEWEST_IN_CELL else () if shortened is None else ("", *key[shortened:])
            for key in wanted
        ]
    numbers: dict[tuple[Hashable, ...], int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in wanted], dtype=np.intp)


def dummies(labels: Sequence[Hashable]) -> Array:
    """(n, K - 1) indicator columns of all labels but the first."""
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)
    return np.eye(max(len(numbers), 1))[codes][:, 1:]


@dataclass(frozen=True, slots=True)
class Residuals:
    """What a least-squares fit of cell means and further columns leaves of n outcomes."""

    values: Array
    """(n,) residuals, each divided by the root of 1 minus its leverage, so that all have the noise's own variance;
    NaN where the fit leaves no freedom."""
    scale: Array
    """(n,) that divisor's inverse; 0 where the fit leaves no freedom."""
    cells: Places
    """(n,) number of each row's cell."""
    columns: Array
    """(n, q) orthonormal columns beside the cells', orthogonal to them."""

    def spread(self, rows: Places) -> float:
        """By how much the mean residual of `rows` exceeds that of the others when their outcomes exceed theirs by 1.

        Below 1 where the fit takes part of the difference for that of cells or columns, 0 where all of it.
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
    """The residuals of outcomes (n,) after the means of their cells (n,) and the effects of columns (n, q).

    The cells' means are taken out first and of the columns too, which is the same as fitting all at once: Frisch and
    Waugh 1933, Lovell 1963.
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
    """(n, q) for each row the means of its cell."""
    if not values.shape[1]:
        return values
    sums = np.stack([np.bincount(cells, weights=column, minlength=len(sizes)) for column in values.T], axis=1)
    means: Array = (sums / sizes[:, None])[cells]
    return means


def _orthonormal(columns: Array) -> Array:
    """(n, r) an orthonormal basis of what columns (n, q) span."""
    if not columns.shape[1]:
        return columns
    left, strengths, _ = np.linalg.svd(columns, full_matrices=False)
    basis: Array = left[:, strengths > 1e-8 * max(float(strengths.max()), 1.0)]
    return basis
