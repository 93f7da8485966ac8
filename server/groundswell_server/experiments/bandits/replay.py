"""What a policy would have earned on logged choices, without trying it on anybody.

A log has a row for each unit: the arm that it got, the reward that came of it, and the probability (propensity) with
which it got that arm; rows of a bandit served here have it in their assignments. The policy learns in its own batches
from those rows alone that it would have chosen itself, as often as it would have.

Dudik, Erhan, Langford, Li 2012, "Sample-efficient nonstationary policy evaluation for contextual bandits", algorithm 1
(DR-ns) without contexts. Rows are accepted as in Li, Chu, Langford, Wang 2011, "Unbiased offline evaluation of
contextual-bandit-based news article recommendation algorithms", for logs with any propensities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.bandits.choice_probabilities import with_floor
from groundswell_server.experiments.bandits.rewards import Rewards

Array = NDArray[np.float64]
Policy = Callable[[Rewards, np.random.Generator], Array]
"""The preferences (K,) for the next batch, from what the arms have brought; they sum to 1."""


@dataclass(frozen=True, slots=True)
class Log:
    """BanditChoices that were made, in their order. ValueError: the columns don't fit together."""

    arms: NDArray[np.intp]
    """(n,) the arm that each unit got, from 0."""
    rewards: Array
    """(n,)"""
    propensities: Array
    """(n,) probability with which the unit got that arm, above 0."""

    def __post_init__(self) -> None:
        if not len(self.arms) == len(self.rewards) == len(self.propensities) > 0:
            raise ValueError("a log has an arm, a reward and a propensity for each unit, and a unit at least")
        if not ((self.propensities > 0.0) & (self.propensities <= 1.0)).all():
            raise ValueError("propensities are above 0, and 1 at most")
        if not np.isfinite(self.rewards).all() or self.arms.min() < 0:
            raise ValueError("arms are numbered from 0, and rewards are finite")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a policy made of a log."""

    units: int
    """Rows that it would have chosen itself, from which it learned."""
    reward: float
    """Their mean reward: unbiased; 0 without one."""
    estimate: float
    """The mean reward by all rows, doubly robust: steadier, and right for all of the time that it learned."""
    pulls: Array
    """(K,) how often it chose each arm."""


def replay(policy: Policy, log: Log, arms: int, random: np.random.Generator, batch: int = 100) -> Replayed:
    """Runs a policy for `arms` arms, floor included, learning after every `batch` units of its own.

    A row is accepted with the probability with which the policy chooses its arm, times the lowest propensity of the
    log over its own: those accepted then come as if the policy had chosen them. ValueError: the log has more arms.
    """
    if int(log.arms.max()) >= arms:
        raise ValueError(f"the log has an arm {int(log.arms.max())}, and there are {arms}")
    pulls, total, squares = np.zeros(arms), np.zeros(arms), np.zeros(arms)
    scale = float(log.propensities.min())
    chances = _chances(policy, Rewards.none(arms), random)
    expected, seen, earned = np.zeros(arms), 0, []
    columns = (log.arms, log.rewards, log.propensities, random.random(len(log.arms)))
    for arm, reward, propensity, draw in zip(*(column.tolist() for column in columns), strict=True):
        ratio = float(chances[arm]) / propensity
        earned.append(float(chances @ expected) + ratio * (reward - float(expected[arm])))
        if draw >= scale * ratio:
            continue
        pulls[arm] += 1.0
        total[arm] += reward
        squares[arm] += reward**2
        seen += 1
        if seen % batch == 0:
            found = Rewards(pulls.copy(), total.copy(), squares.copy())
            expected = found.means
            chances = _chances(policy, found, random)
    return Replayed(seen, float(total.sum()) / max(seen, 1), float(np.mean(earned)), pulls)


def _chances(policy: Policy, rewards: Rewards, random: np.random.Generator) -> Array:
    return np.array(with_floor(policy(rewards, random).tolist()))
