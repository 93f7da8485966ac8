"""Intervals of proportions."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Z_95: Final = 1.959963984540054
"""Two-sided 95% quantile of the normal distribution."""


def wilson(
    successes: NDArray[np.float64], rows: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the ends (n,) of the 95% intervals of proportions; 0 and 1 where there are no rows. Wilson 1927."""
    n = np.maximum(rows, 1e-9)
    share = successes / n
    middle = (share + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
    half = Z_95 / (1 + Z_95**2 / n) * np.sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
