"""What a unit counts for on a metric, as a linear form of its value, denominator and covariate.

For estimates that weight units, which want one number of each: a RATIO is linearised about the arms' estimates (delta
method; Deng, Xu, Kohavi, Walker 2013, appendix B), the share of a covariate is taken out (CUPED).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.moments import FIELDS, Moments
from groundswell_server.experiments.statistics.variant_means import MIN_DENOMINATOR
from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Form:
    """fixed + y value + z denominator + x covariate, of K arms, each (K,)."""

    fixed: Array
    y: Array
    z: Array
    x: Array

    @classmethod
    def plain(cls, arms: int) -> Form:
        """The value itself."""
        return cls(np.zeros(arms), np.ones(arms), np.zeros(arms), np.zeros(arms))

    @classmethod
    def below(cls, arms: int) -> Form:
        """The denominator."""
        return cls(np.zeros(arms), np.zeros(arms), np.ones(arms), np.zeros(arms))

    @classmethod
    def share_in_ratio(cls, above: Array, below: Array) -> Form:
        """A unit's share in the ratio of two means (K,); its own mean is that ratio, and 0 over nothing."""
        below = np.where(np.abs(below) > MIN_DENOMINATOR, below, 0.0)
        scale, ratio = safe_divide(np.ones_like(below), below), safe_divide(above, below)
        return cls(ratio, scale, -ratio * scale, np.zeros_like(below))

    def without_covariate(self, sums: Sums) -> Form:
        """Less what the covariate tells: slope common to the arms, for units with the average covariate."""
        count = np.maximum(sums.count, 1.0)
        with_x = self.fixed * sums.x + self.y * sums.yx + self.z * sums.zx + self.x * sums.xx
        shared = (with_x - self.total(sums) * sums.x / count).sum()
        spread = (sums.xx - sums.x**2 / count).sum()
        slope = float(safe_divide(shared, spread))
        average = float(sums.x.sum() / max(float(sums.count.sum()), 1.0))
        return Form(self.fixed + slope * average, self.y, self.z, self.x - slope)

    def total(self, sums: Sums) -> Array:
        """(..., K) sum over the units."""
        return np.asarray(self.fixed * sums.count + self.y * sums.y + self.z * sums.z + self.x * sums.x)

    def squares(self, sums: Sums) -> Array:
        """(..., K) sum of squares over the units."""
        single = self.fixed**2 * sums.count + self.y**2 * sums.yy + self.z**2 * sums.zz + self.x**2 * sums.xx
        linear = self.fixed * (self.y * sums.y + self.z * sums.z + self.x * sums.x)
        crossed = self.y * self.z * sums.yz + self.y * self.x * sums.yx + self.z * self.x * sums.zx
        return np.asarray(np.maximum(single + 2.0 * (linear + crossed), 0.0))


@dataclass(frozen=True, slots=True)
class Sums:
    """Moments as arrays (..., K)."""

    count: Array
    y: Array
    z: Array
    x: Array
    yy: Array
    zz: Array
    xx: Array
    yz: Array
    yx: Array
    zx: Array

    @classmethod
    def of(cls, arms: Sequence[Sequence[Moments]]) -> Sums:
        """(batches, K) from moments (K, batches)."""
        return cls(*(np.array([[getattr(one, name) for one in arm] for arm in arms], np.float64).T for name in FIELDS))

    def together(self) -> Sums:
        """(K,) over all batches."""
        return Sums(*(getattr(self, name).sum(axis=0) for name in FIELDS))
