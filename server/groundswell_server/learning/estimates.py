"""Estimates of means and shares with their 95% intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.statistics.proportions import wilson

LEVEL = 0.95
"""The level of every interval in an answer."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of an interval and its level."""

    lower: float
    upper: float
    level: float = LEVEL


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated value, its interval and the number of observations behind it; the fields are the contract's."""

    value: float
    interval: Interval | None
    """None where there are too few observations for an interval."""
    sample_size: int

    @classmethod
    def of(cls, value: float, lower: float, upper: float, sample_size: int) -> Estimate:
        """Returns an estimate with a 95% interval."""
        return cls(value, Interval(lower, upper), sample_size)

    @property
    def lower(self) -> float:
        """The lower end of the interval; -infinity without one."""
        return -math.inf if self.interval is None else self.interval.lower

    @property
    def upper(self) -> float:
        """The upper end of the interval; infinity without one."""
        return math.inf if self.interval is None else self.interval.upper


def mean_estimate(values: NDArray[np.float64]) -> Estimate | None:
    """Returns the mean with Student's interval, which needs two values; None without any value."""
    if not len(values):
        return None
    mean = float(values.mean())
    if len(values) < 2:
        return Estimate(mean, None, 1)
    # SciPy takes a second to import, and scoring imports this module without needing it.
    from scipy import stats

    half = float(stats.t.ppf(0.5 + LEVEL / 2.0, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Estimate.of(mean, mean - half, mean + half, len(values))


def share_estimate(count: int, total: int) -> Estimate:
    """Returns the share `count / total` with Wilson's interval; 0 with the interval 0 to 1 when `total` is 0."""
    lower, upper = wilson(np.array([float(count)]), np.array([float(total)]))
    return Estimate.of(count / max(total, 1), float(lower[0]), float(upper[0]), total)
