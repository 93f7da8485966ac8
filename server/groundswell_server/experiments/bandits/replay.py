"""Replay: the offline evaluation of a policy on logged choices.

A log has a row for each unit: its variant, its reward, and the probability (propensity) of the variant; the assignments
of a bandit contain it. The policy learns in its own batches, and only from rows that it would have chosen itself, as
often as it would have chosen them.

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
"""Returns the preferences (K,) for the next batch from the rewards so far; they sum to 1."""


@dataclass(frozen=True, slots=True)
class Log:
    """Logged choices in chronological order; raises ValueError for inconsistent columns."""

    variants: NDArray[np.intp]
    """(n,) variant of each unit, from 0."""
    rewards: Array
    """(n,) reward of each unit."""
    propensities: Array
    """(n,) probability of that variant, above 0."""

    def __post_init__(self) -> None:
        if not len(self.variants) == len(self.rewards) == len(self.propensities) > 0:
            raise ValueError(
                "a log must have a variant, a reward and a propensity for each unit, and at least one unit"
            )
        if not ((self.propensities > 0.0) & (self.propensities <= 1.0)).all():
            raise ValueError("propensities must be above 0 and at most 1")
        if not np.isfinite(self.rewards).all() or self.variants.min() < 0:
            raise ValueError("variants must be numbered from 0, and rewards must be finite")


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a policy on a log."""

    units: int
    """The rows that the policy accepted and learned from."""
    reward: float
    """The mean reward of these rows, which is unbiased; 0 without any."""
    estimate: float
    """The doubly robust estimate of the mean reward from all rows, which has a smaller variance."""
    pulls: Array
    """(K,) number of choices of each variant."""


def replay(policy: Policy, log: Log, variants: int, random: np.random.Generator, batch: int = 100) -> Replayed:
    """Runs a policy for `variants` variants, including the floor, that learns after every `batch` accepted units.

    A row is accepted with the policy's probability of its variant, multiplied by the log's least propensity over the
    row's own. The accepted rows are then distributed as if the policy had chosen them. Raises ValueError for a log with
    more variants.
    """
    if int(log.variants.max()) >= variants:
        raise ValueError(f"the log must have at most {variants} variants, got a variant {int(log.variants.max())}")
    pulls, total, squares = np.zeros(variants), np.zeros(variants), np.zeros(variants)
    scale = float(log.propensities.min())
    probabilities = _probabilities(policy, Rewards.none(variants), random)
    expected, seen, earned = np.zeros(variants), 0, []
    columns = (log.variants, log.rewards, log.propensities, random.random(len(log.variants)))
    for variant, reward, propensity, draw in zip(*(column.tolist() for column in columns), strict=True):
        ratio = float(probabilities[variant]) / propensity
        earned.append(float(probabilities @ expected) + ratio * (reward - float(expected[variant])))
        if draw >= scale * ratio:
            continue
        pulls[variant] += 1.0
        total[variant] += reward
        squares[variant] += reward**2
        seen += 1
        if seen % batch == 0:
            found = Rewards(pulls.copy(), total.copy(), squares.copy())
            expected = found.means
            probabilities = _probabilities(policy, found, random)
    return Replayed(seen, float(total.sum()) / max(seen, 1), float(np.mean(earned)), pulls)


def _probabilities(policy: Policy, rewards: Rewards, random: np.random.Generator) -> Array:
    return np.array(with_floor(policy(rewards, random).tolist()))
