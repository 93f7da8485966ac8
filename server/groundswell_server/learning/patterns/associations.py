"""How groups of posts do against the others: Welch's test for each, corrected for their number; shrunken effects."""

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
"""Share of the discoveries that may be false, on average (Benjamini and Hochberg 1995)."""
LEAST_SPREAD = 0.1
"""Of a group below it, nearly all of the difference is taken for that of personas, formats or hours: it can't be told
from them, and is not tested."""


@dataclass(frozen=True, slots=True)
class Associations:
    """Of G groups of posts, how their log engagement differs from that of the others, all else equal."""

    tested: Places
    """(G,) places of the groups, in the order in which they were given."""
    raw: Array
    """(G,) difference of log engagement."""
    effects: Array
    """(G,) the same drawn towards what the other groups show."""
    lower: Array
    """(G,) of the 95% interval."""
    upper: Array
    """(G,)"""
    p_values: Array
    """(G,) of Welch's test, two-sided."""
    adjusted: Array
    """(G,) corrected for G (Benjamini and Hochberg)."""
    inside: NDArray[np.int64]
    """(G,) posts in the group."""
    outside: NDArray[np.int64]
    """(G,) posts outside."""

    def __len__(self) -> int:
        return len(self.tested)


def associate(left: Residuals, groups: Sequence[Places], *, fewest: int = 5) -> Associations:
    """Tests each group that has `fewest` posts and leaves as many outside.

    The test is of the residuals' means. The effect is that difference over the part of it which the fit leaves
    (`Residuals.spread`), so that a group that one persona likes to use is not taken for weaker than it is.
    """
    known = ~np.isnan(left.values)
    values = np.where(known, left.values, 0.0)
    count, total, squares = known.sum(), values.sum(), np.square(values).sum()
    rows = [
        (place, len(inside), values[inside].sum(), np.square(values[inside]).sum(), spread)
        for place, group in enumerate(groups)
        if len(inside := group[known[group]]) >= fewest <= count - len(inside)
        and (spread := left.spread(group)) >= LEAST_SPREAD
    ]
    if not rows:
        return _nothing()
    place, size, inner, inner_squares, spreads = (np.array(column) for column in zip(*rows, strict=True))
    mean, error, freedom = welch(size, inner, inner_squares, count - size, total - inner, squares - inner_squares)
    p_values = np.asarray(2.0 * stats.t.sf(np.abs(mean) / error, freedom))
    drawn = shrink(mean / spreads, error / spreads, np.zeros(len(rows)))
    reach = stats.norm.ppf(0.5 + LEVEL / 2.0) * drawn.deviation
    return Associations(
        tested=place.astype(np.intp),
        raw=mean / spreads,
        effects=drawn.mean,
        lower=drawn.mean - reach,
        upper=drawn.mean + reach,
        p_values=p_values,
        adjusted=stats.false_discovery_control(p_values, method="bh"),
        inside=size.astype(np.int64),
        outside=(count - size).astype(np.int64),
    )


def percent(log_difference: float) -> float:
    """By how many percent engagement is higher."""
    return 100.0 * float(np.expm1(log_difference))


def welch(n: Array, total: Array, squares: Array, m: Array, rest: Array, rest_squares: Array) -> tuple[Array, ...]:
    """(G,) differences of means, their standard errors and degrees of freedom, from counts, sums and sums of squares.

    Welch 1947; the freedom by Satterthwaite 1946.
    """
    mean, other = total / n, rest / m
    variance = np.maximum(squares / n - mean**2, 0.0) / np.maximum(n - 1, 1)
    other_variance = np.maximum(rest_squares / m - other**2, 0.0) / np.maximum(m - 1, 1)
    error = np.maximum(np.sqrt(variance + other_variance), 1e-12)
    share = np.square(variance / error**2) / np.maximum(n - 1, 1)
    other_share = np.square(other_variance / error**2) / np.maximum(m - 1, 1)
    return mean - other, error, 1.0 / np.maximum(share + other_share, 1e-12)


def _nothing() -> Associations:
    none = np.zeros(0)
    counts = np.zeros(0, dtype=np.int64)
    return Associations(counts, none, none, none, none, none, none, counts, counts)
