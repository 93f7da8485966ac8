"""The rewards of a bandit's variants so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.variant_means import measure
from groundswell_storage.experiments.enums import Direction, MetricKind

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rewards:
    """The rewards of K variants so far. More is better."""

    pulls: Array
    """(K,) number of units."""
    total: Array
    """(K,) sum of the rewards."""
    squares: Array
    """(K,) sum of the squared rewards."""

    @classmethod
    def none(cls, variants: int) -> Rewards:
        """Returns the rewards before the first unit."""
        return cls(np.zeros(variants), np.zeros(variants), np.zeros(variants))

    @property
    def means(self) -> Array:
        """Returns the mean rewards (K,); 0 without units."""
        return self.total / np.maximum(self.pulls, 1.0)


def rewards_of(kind: MetricKind, direction: Direction, variants: Sequence[Moments]) -> Rewards:
    """Returns the rewards of K variants on a metric; a RATIO is linearised (delta method).

    For a metric that is to decrease, a unit without a conversion has the reward 1, and values are negated.
    """
    measures = [measure(kind, [moments]) for moments in variants]
    mean, variance = (
        np.array([float(getattr(variant, name)[0]) for variant in measures]) for name in ("mean", "variance")
    )
    # Units without a denominator count as tried; otherwise UCB would choose their variant forever.
    count = np.array([float(moments.count) for moments in variants])
    less = direction is Direction.DECREASE
    if kind is MetricKind.CONVERSION:
        hits = count * (1.0 - mean) if less else count * mean
        return Rewards(count, hits, hits)
    squares = count * mean**2 + np.maximum(count - 1.0, 0.0) * variance
    return Rewards(count, count * (-mean if less else mean), squares)
