"""Means and shares with intervals: what counts of posts and contexts say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from groundswell_server.learning.patterns.associations import LEVEL
from groundswell_server.learning.patterns.residuals import Array
from groundswell_server.models.uncertainty.calibration import wilson


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure, with the 95% interval it has where there is enough to say, and the observations behind it."""

    value: float
    lower: float | None
    upper: float | None
    sample_size: int


def mean_of(values: Array) -> Figure | None:
    """The mean with Student's interval, from two values on; None without any."""
    if not len(values):
        return None
    mean = float(values.mean())
    if len(values) < 2:
        return Figure(mean, None, None, 1)
    half = float(stats.t.ppf(0.5 + LEVEL / 2.0, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Figure(mean, mean - half, mean + half, len(values))


def share_of(count: int, total: int) -> Figure:
    """A share with Wilson's interval; of nothing it is 0, and anything from 0 to 1."""
    lower, upper = wilson(np.array([float(count)]), np.array([float(total)]))
    return Figure(count / max(total, 1), float(lower[0]), float(upper[0]), total)
