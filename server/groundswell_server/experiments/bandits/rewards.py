"""What the arms of a bandit have brought so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.enums import Direction, MetricKind
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.variant_means import measure

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rewards:
    """What K arms have brought so far. More is better."""

    pulls: Array
    """(K,) units whose reward is known."""
    total: Array
    """(K,) sum of their rewards."""
    squares: Array
    """(K,) sum of the rewards' squares."""

    @classmethod
    def none(cls, arms: int) -> Rewards:
        """Before the first unit."""
        return cls(np.zeros(arms), np.zeros(arms), np.zeros(arms))

    @property
    def means(self) -> Array:
        """(K,) 0 where there is none."""
        return self.total / np.maximum(self.pulls, 1.0)


def rewards_of(kind: MetricKind, direction: Direction, arms: Sequence[Moments]) -> Rewards:
    """What a metric says of K arms; a RATIO is linearised (delta method).

    Where less is better, a conversion is no reward and its absence is one, and a value is a loss.
    """
    measures = [measure(kind, [moments]) for moments in arms]
    mean, variance = (np.array([float(getattr(arm, name)[0]) for arm in measures]) for name in ("mean", "variance"))
    # A unit without a denominator was tried all the same: UCB would try its arm for ever.
    count = np.array([float(moments.count) for moments in arms])
    less = direction is Direction.DECREASE
    if kind is MetricKind.CONVERSION:
        hits = count * (1.0 - mean) if less else count * mean
        return Rewards(count, hits, hits)
    squares = count * mean**2 + np.maximum(count - 1.0, 0.0) * variance
    return Rewards(count, count * (-mean if less else mean), squares)
