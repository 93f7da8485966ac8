"""Spearman's rank correlation with its interval, without SciPy.

AnalyzePost is served by the process that does not import SciPy; a test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

from groundswell_server.engagement.estimates import Estimate, Interval

LEVEL: Final = 0.95
MIN_PAIRS: Final = 10
"""Fewer pairs give an interval over most of -1 to 1."""


def spearman(first: Sequence[float], second: Sequence[float]) -> Estimate | None:
    """Returns Spearman's rho with its 95% interval; None below 10 pairs or for a constant sequence.

    The interval is Fisher's z with the variance (1 + rho^2 / 2) / (n - 3): Bonett, D. G., Wright, T. A. 2000, "Sample
    size requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65, formula 8.
    """
    if len(first) != len(second):
        raise ValueError(f"the sequences must have the same length, got {len(first)} and {len(second)}")
    count = len(first)
    rho = _pearson(_ranks(first), _ranks(second)) if count >= MIN_PAIRS else None
    if rho is None:
        return None
    # Perfect agreement has no finite z; it is treated as one exchanged pair of neighbours.
    most = 1.0 - 12.0 / (count * (count * count - 1.0))
    bounded = max(-most, min(most, rho))
    arm = NormalDist().inv_cdf(0.5 + LEVEL / 2.0) * math.sqrt((1.0 + bounded * bounded / 2.0) / (count - 3))
    middle = math.atanh(bounded)
    lower, upper = min(math.tanh(middle - arm), rho), max(math.tanh(middle + arm), rho)
    return Estimate(rho, Interval(lower, upper, LEVEL), count)


def _ranks(values: Sequence[float]) -> list[float]:
    """Returns ranks from 1; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + end + 1) / 2.0
        start = end
    return ranks


def _pearson(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Returns the correlation of two sequences, None when one is constant."""
    middle = (len(first) + 1) / 2.0
    spread = math.sqrt(sum((rank - middle) ** 2 for rank in first) * sum((rank - middle) ** 2 for rank in second))
    if not spread:
        return None
    together = sum((one - middle) * (other - middle) for one, other in zip(first, second, strict=True))
    return max(-1.0, min(1.0, together / spread))
