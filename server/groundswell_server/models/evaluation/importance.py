"""Feature importance with intervals: the result types, and the mean that every measure uses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.statistics.proportions import Z_95

REPEATS = 5
"""Number of times that each feature is shuffled."""
MAX_ROWS = 2_000
"""The maximum number of examples whose features are shuffled."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A value with its 95% interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """Importance of one feature for a model."""

    feature: str
    impurity: Spread
    """Share of the impurity that splits on the feature remove, with its spread over trees. All shares sum to 1."""
    permutation: Spread
    """Increase of the error on unseen examples when the feature is shuffled, with its spread over examples. Near or
    below 0, the model does not need the feature."""
    sample_size: int
    """Number of examples behind `permutation`."""

    def to_dict(self) -> dict[str, Any]:
        """Returns the importance as JSON."""
        return asdict(self)


def mean_with_interval(values: NDArray[np.float64]) -> Spread:
    """Returns the mean of values (n,) with its 95% interval."""
    mean = float(values.mean())
    half = Z_95 * float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return Spread(mean, mean - half, mean + half)
