"""Predictions with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Prediction(NamedTuple):
    """One prediction, in the unit of what is predicted: a rate in percent, or a probability from 0 to 1."""

    value: float
    lower: float
    """Lower end of its interval."""
    upper: float
    """Upper end; infinite where so high a level was asked for that the model's past can't tell."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """n predictions, in the unit of what is predicted."""

    value: NDArray[np.float64]
    """(n,)"""
    lower: NDArray[np.float64]
    """(n,)"""
    upper: NDArray[np.float64]
    """(n,)"""

    def __len__(self) -> int:
        return len(self.value)

    def one(self, place: int) -> Prediction:
        """The prediction at this place."""
        return Prediction(float(self.value[place]), float(self.lower[place]), float(self.upper[place]))
