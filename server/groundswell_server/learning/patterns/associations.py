"""Associations of groups of posts with engagement: Welch's tests, corrected for their number, and shrunken effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from groundswell_server.learning.estimates import LEVEL
from groundswell_server.learning.patterns.residuals import Array, Places, Residuals
from groundswell_server.statistics.shrinkage import shrink

DISCOVERY_RATE = 0.10
"""The false discovery rate (Benjamini and Hochberg 1995)."""
MIN_SPREAD = 0.1
"""The `Residuals.spread` below which a group is not tested: its effect cannot be distinguished from those of the
personas, formats or hours that it coincides with."""


@dataclass(frozen=True, slots=True)
class Associations:
    """The differences in log engagement between each of G groups of posts and the other posts."""

    tested: Places
    """(G,) places of the tested groups among those given."""
    raw: Array
    """(G,) difference of log engagement."""
    effects: Array
    """(G,) differences shrunken towards those of the other groups."""
    lower: Array
    """(G,) lower ends of the 95% intervals."""
    upper: Array
    """(G,) upper ends of the 95% intervals."""
    p_values: Array
    """(G,) p values of Welch's test, two-sided."""
    adjusted: Array
    """(G,) p values corrected for G tests (Benjamini and Hochberg)."""
    inside: NDArray[np.int64]
    """(G,) numbers of posts in the group."""
    outside: NDArray[np.int64]
    """(G,) numbers of posts outside the group."""

    def __len__(self) -> int:
        return len(self.tested)


def associate(left: Residuals, groups: Sequence[Places], *, min_posts: int = 5) -> Associations:
    """Tests each group that has `min_posts` posts inside and outside.

    The test compares the mean residuals. The effect is their difference divided by the fraction of a true difference
    that remains in the residuals (`Residuals.spread`). Otherwise the effect of a group that mostly one persona uses
    would be underestimated.
    """
    known = ~np.isnan(left.values)
    values = np.where(known, left.values, 0.0)
    count, total, squares = known.sum(), values.sum(), np.square(values).sum()
    rows = [
        (place, len(inside), values[inside].sum(), np.square(values[inside]).sum(), spread)
        for place, group in enumerate(groups)
        if len(inside := group[known[group]]) >= min_posts <= count - len(inside)
        and (spread := left.spread(group)) >= MIN_SPREAD
    ]
    if not rows:
        return _none()
    place, size, inner, inner_squares, spreads = (np.array(column) for column in zip(*rows, strict=True))
    mean, error, freedom = welch(size, inner, inner_squares, count - size, total - inner, squares - inner_squares)
    p_values = np.asarray(2.0 * stats.t.sf(np.abs(mean) / error, freedom))
    shrunken = shrink(mean / spreads, error / spreads, np.zeros(len(rows)))
    half_width = stats.norm.ppf(0.5 + LEVEL / 2.0) * shrunken.deviation
    return Associations(
        tested=place.astype(np.intp),
        raw=mean / spreads,
        effects=shrunken.mean,
        lower=shrunken.mean - half_width,
        upper=shrunken.mean + half_width,
        p_values=p_values,
        adjusted=stats.false_discovery_control(p_values, method="bh"),
        inside=size.astype(np.int64),
        outside=(count - size).astype(np.int64),
    )


def percent(log_difference: float) -> float:
    """Converts a difference of log engagement to a difference in percent."""
    return 100.0 * float(np.expm1(log_difference))


def welch(n: Array, total: Array, squares: Array, m: Array, rest: Array, rest_squares: Array) -> tuple[Array, ...]:
    """Returns (G,) differences of means, their standard errors and their degrees of freedom.

    The arguments are counts, sums and sums of squares inside and outside each group. Sources: Welch 1947; Satterthwaite
    1946 for the degrees of freedom.
    """
    mean, other = total / n, rest / m
    variance = np.maximum(squares / n - mean**2, 0.0) / np.maximum(n - 1, 1)
    other_variance = np.maximum(rest_squares / m - other**2, 0.0) / np.maximum(m - 1, 1)
    error = np.maximum(np.sqrt(variance + other_variance), 1e-12)
    share = np.square(variance / error**2) / np.maximum(n - 1, 1)
    other_share = np.square(other_variance / error**2) / np.maximum(m - 1, 1)
    return mean - other, error, 1.0 / np.maximum(share + other_share, 1e-12)


def _none() -> Associations:
    none = np.zeros(0)
    counts = np.zeros(0, dtype=np.int64)
    return Associations(counts, none, none, none, none, none, none, counts, counts)
