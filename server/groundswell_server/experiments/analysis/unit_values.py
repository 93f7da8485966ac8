"""Unit values: linear forms of a unit's value, denominator and covariate, for estimates that weight units.

Such estimates need one number for each unit. A RATIO is linearised around the variants' estimates (delta method; Deng,
Xu, Kohavi, Walker 2013, appendix B), and the effect of a covariate is removed (CUPED).
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
    """The form fixed + y * value + z * denominator + x * covariate of K variants; each coefficient is (K,)."""

    fixed: Array
    y: Array
    z: Array
    x: Array

    @classmethod
    def plain(cls, variants: int) -> Form:
        """Returns the form of the value itself."""
        return cls(np.zeros(variants), np.ones(variants), np.zeros(variants), np.zeros(variants))

    @classmethod
    def below(cls, variants: int) -> Form:
        """Returns the form of the denominator."""
        return cls(np.zeros(variants), np.zeros(variants), np.ones(variants), np.zeros(variants))

    @classmethod
    def share_in_ratio(cls, above: Array, below: Array) -> Form:
        """Returns the linearised ratio of two means (K,), whose mean is that ratio, or 0 for a denominator of 0."""
        below = np.where(np.abs(below) > MIN_DENOMINATOR, below, 0.0)
        scale, ratio = safe_divide(np.ones_like(below), below), safe_divide(above, below)
        return cls(ratio, scale, -ratio * scale, np.zeros_like(below))

    def without_covariate(self, sums: Sums) -> Form:
        """Returns the form without the covariate's effect, with a common slope, at the average covariate."""
        count = np.maximum(sums.count, 1.0)
        with_x = self.fixed * sums.x + self.y * sums.yx + self.z * sums.zx + self.x * sums.xx
        shared = (with_x - self.total(sums) * sums.x / count).sum()
        spread = (sums.xx - sums.x**2 / count).sum()
        slope = float(safe_divide(shared, spread))
        average = float(sums.x.sum() / max(float(sums.count.sum()), 1.0))
        return Form(self.fixed + slope * average, self.y, self.z, self.x - slope)

    def total(self, sums: Sums) -> Array:
        """Returns the sum (..., K) over the units."""
        return np.asarray(self.fixed * sums.count + self.y * sums.y + self.z * sums.z + self.x * sums.x)

    def squares(self, sums: Sums) -> Array:
        """Returns the sum of squares (..., K) over the units."""
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
    def of(cls, variants: Sequence[Sequence[Moments]]) -> Sums:
        """Returns sums (batches, K) from moments (K, batches)."""
        return cls(
            *(
                np.array([[getattr(one, name) for one in variant] for variant in variants], np.float64).T
                for name in FIELDS
            )
        )

    def together(self) -> Sums:
        """Returns the sums (K,) over all batches."""
        return Sums(*(getattr(self, name).sum(axis=0) for name in FIELDS))
