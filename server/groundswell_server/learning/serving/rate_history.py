"""Past rates that a predicted rate is compared with."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MIN_POSTS = 20
"""The minimum number of posts with which a persona is compared with itself."""


@dataclass(frozen=True, slots=True)
class RateHistory:
    """Past rates to compare a prediction with."""

    rates: Sequence[float]
    """Percent, ascending."""
    scope: str
    """Origin of the rates: `persona`, `platform` or `training`."""
    _array: Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_array", np.array(self.rates, dtype=np.float64))

    @classmethod
    def choose(cls, persona: Sequence[float], platform: Sequence[float]) -> RateHistory | None:
        """Returns the persona's own rates, or the platform's below `MIN_POSTS`; None if both are fewer.

        The rates may be in any order.
        """
        if len(persona) >= MIN_POSTS:
            return cls(sorted(persona), "persona")
        return cls(sorted(platform), "platform") if len(platform) >= MIN_POSTS else None

    def percentile(self, rate: float) -> float:
        """Returns the share of past rates below this one, 0 to 1; equal rates count half."""
        rates = self.rates
        return (bisect_left(rates, rate) + bisect_right(rates, rate)) / (2.0 * len(rates))

    def percentiles(self, rates: Array) -> Array:
        """Returns the percentiles of rates (n,)."""
        found = np.searchsorted(self._array, rates) + np.searchsorted(self._array, rates, side="right")
        shares: Array = found / (2.0 * len(self._array))
        return shares
