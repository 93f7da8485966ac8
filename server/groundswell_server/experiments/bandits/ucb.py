"""UCB1: the arm that could be best, given how little is known of it. Auer, Cesa-Bianchi, Fischer 2002, figure 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.bandits.rewards import Rewards

Array = NDArray[np.float64]


def ucb1_preference(rewards: Rewards, bounds: tuple[float, float]) -> Array:
    """(K,) 1 for the arm with the highest upper confidence bound, shared among those that tie.

    `bounds` are the lowest and the highest reward there can be: means are scaled by them to 0 to 1. Arms that nobody
    has tried come first. ValueError: the bounds are no range.
    """
    low, high = bounds
    if not low < high:
        raise ValueError("the highest reward has to be above the lowest")
    untried = rewards.pulls < 1.0
    if untried.any():
        return _shared(untried)
    scaled = np.clip((rewards.means - low) / (high - low), 0.0, 1.0)
    index = scaled + np.sqrt(2.0 * np.log(rewards.pulls.sum()) / rewards.pulls)
    return _shared(index >= index.max())


def _shared(chosen: NDArray[np.bool_]) -> Array:
    return np.asarray(chosen / chosen.sum())
