"""UCB1: the variant with the highest upper confidence bound. Auer, Cesa-Bianchi, Fischer 2002, figure 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.bandits.rewards import Rewards

Array = NDArray[np.float64]


def ucb1_preference(rewards: Rewards, bounds: tuple[float, float]) -> Array:
    """Returns 1 (K,) for the variant with the highest upper confidence bound, divided among ties.

    `bounds` are the least and the greatest possible reward, by which means are scaled to 0 to 1. Variants without units
    come first. Raises ValueError for bounds that are not in ascending order.
    """
    low, high = bounds
    if not low < high:
        raise ValueError(f"the highest reward must be above the lowest, got {low:g} and {high:g}")
    untried = rewards.pulls < 1.0
    if untried.any():
        return _shared(untried)
    scaled = np.clip((rewards.means - low) / (high - low), 0.0, 1.0)
    index = scaled + np.sqrt(2.0 * np.log(rewards.pulls.sum()) / rewards.pulls)
    return _shared(index >= index.max())


def _shared(chosen: NDArray[np.bool_]) -> Array:
    return np.asarray(chosen / chosen.sum())
