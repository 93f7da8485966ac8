"""Predictions with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Prediction(NamedTuple):
    """One prediction: a rate in percent, or a probability from 0 to 1."""

    value: float
    lower: float
    """Lower end of its interval."""
    upper: float
    """Upper end of its interval; infinite for levels too high for the number of past errors."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """n predictions in one unit."""

    value: NDArray[np.float64]
    """(n,)"""
    lower: NDArray[np.float64]
    """(n,)"""
    upper: NDArray[np.float64]
    """(n,)"""

    def __len__(self) -> int:
        return len(self.value)

    def one(self, place: int) -> Prediction:
        """Returns the prediction at this position."""
        return Prediction(float(self.value[place]), float(self.lower[place]), float(self.upper[place]))
