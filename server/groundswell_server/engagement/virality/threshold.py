"""The threshold rate of a viral post."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

PERCENTILE: Final = 0.95
MIN_POSTS: Final = 20
"""Posts that the percentile needs."""


def threshold_of(rates: Sequence[float]) -> float | None:
    """Returns the 95th percentile of rates; None for fewer than 20."""
    return quantile(rates, PERCENTILE) if len(rates) >= MIN_POSTS else None


def quantile(values: Sequence[float], share: float) -> float:
    """Returns the quantile of at least one value at a share from 0 to 1, interpolated linearly.

    Hyndman, R. J., Fan, Y. 1996, "Sample Quantiles in Statistical Packages", definition 7, as in NumPy.
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
