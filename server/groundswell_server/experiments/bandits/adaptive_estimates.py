"""What the arms of a bandit are worth, and how sure that is, although the data chose where to look.

Means of what a bandit saw are biased and not normal. Adaptively weighted, augmented inverse propensity scores are
normal and, as units grow, unbiased: Hadad, Hirshberg, Zhan, Wager, Athey 2021, "Confidence intervals for policy
evaluation in adaptive experiments", formulas 5 (scores), 6 and 7 (weighting, variance) with the variance-stabilising
weights of section 2.2. They take the probabilities that were stored with the choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Batches:
    """What came of B batches of a bandit with K arms; within a batch probabilities don't change."""

    probabilities: Array
    """(B, K) with which a unit got each arm."""
    count: Array
    """(B, K) units that did."""
    total: Array
    """(B, K) sum of their rewards."""
    squares: Array
    """(B, K) sum of their rewards' squares."""


@dataclass(frozen=True, slots=True)
class AdaptiveEstimates:
    """What K arms are worth."""

    units: int
    """Of all arms."""
    mean: Array
    """(K,) the mean reward if all units got the arm."""
    covariance: Array
    """(K, K) of the estimates."""

    def difference(self, first: int, second: int) -> tuple[float, float]:
        """Second minus first, and its squared standard error."""
        doubt = self.covariance
        error2 = doubt[first, first] + doubt[second, second] - 2.0 * doubt[first, second]
        return float(self.mean[second] - self.mean[first]), float(max(error2, 0.0))


def estimate(batches: Batches) -> AdaptiveEstimates:
    """Estimates from all batches, in the order in which they were made."""
    units = batches.count.sum(axis=1, keepdims=True)
    guess = _guesses(batches)
    # Weights proportional to the root of the probability keep every unit's share of the variance the same.
    weight = np.sqrt(batches.probabilities)
    surprise = (batches.total - batches.count * guess) / batches.probabilities
    scale = (weight * units).sum(axis=0)
    mean = safe_divide((weight * (units * guess + surprise)).sum(axis=0), scale)
    apart = guess - mean
    squared = batches.squares - 2.0 * guess * batches.total + batches.count * guess**2
    # Units of an arm are in nobody else's surprise: only the guesses' share is common to two arms.
    left, right = weight * apart, weight * surprise
    shared = (units * left).T @ left + left.T @ right + right.T @ left
    shared += np.diag((squared / batches.probabilities).sum(axis=0))
    return AdaptiveEstimates(int(batches.count.sum()), mean, safe_divide(shared, np.outer(scale, scale)))


def _guesses(batches: Batches) -> Array:
    """(B, K) the mean that was known of each arm before the batch; of all arms where there was none.

    In the first batch nothing was: there it is the mean of all its units, lest the estimates depend on where rewards
    have their zero. It is common to all arms, and so biases a difference by no more than one unit in all of the batch.
    """

    def before(figures: Array) -> Array:
        return np.vstack((np.zeros((1, figures.shape[1])), np.cumsum(figures, axis=0)[:-1]))

    count, total = before(batches.count), before(batches.total)
    units, rewards = count.sum(axis=1, keepdims=True), total.sum(axis=1, keepdims=True)
    none = units == 0.0
    units = np.where(none, batches.count.sum(axis=1, keepdims=True), units)
    rewards = np.where(none, batches.total.sum(axis=1, keepdims=True), rewards)
    return np.where(count > 0.0, safe_divide(total, count), safe_divide(rewards, units))
