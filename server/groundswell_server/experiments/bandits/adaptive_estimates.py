"""Adaptively weighted estimates of the variants' means, from the data of a bandit.

Plain means of adaptively collected data are biased and not normal. Adaptively weighted, augmented inverse propensity
scores are normal and, as units grow, unbiased: Hadad, Hirshberg, Zhan, Wager, Athey 2021, "Confidence intervals for
policy evaluation in adaptive experiments", formulas 5 (scores), 6 and 7 (weighting, variance) with the
variance-stabilising weights of section 2.2. They use the probabilities that were stored with the choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.statistics.safe_division import safe_divide

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Batches:
    """The results of B batches of a bandit with K variants; probabilities are constant within a batch."""

    probabilities: Array
    """(B, K) probability of each variant."""
    count: Array
    """(B, K) units with each variant."""
    total: Array
    """(B, K) sum of their rewards."""
    squares: Array
    """(B, K) sum of their rewards' squares."""


@dataclass(frozen=True, slots=True)
class AdaptiveEstimates:
    """The estimated mean rewards of K variants."""

    units: int
    """The units of all variants."""
    mean: Array
    """(K,) mean reward if all units got the variant."""
    covariance: Array
    """(K, K) covariance of the estimates."""

    def difference(self, first: int, second: int) -> tuple[float, float]:
        """Returns the mean of the second variant minus that of the first, and its squared standard error."""
        covariance = self.covariance
        error2 = covariance[first, first] + covariance[second, second] - 2.0 * covariance[first, second]
        return float(self.mean[second] - self.mean[first]), float(max(error2, 0.0))


def estimate(batches: Batches) -> AdaptiveEstimates:
    """Returns the estimates from all batches, which are in chronological order."""
    units = batches.count.sum(axis=1, keepdims=True)
    guess = _guesses(batches)
    # Weights in proportion to the square root of the probability give every unit the same share of the variance.
    weight = np.sqrt(batches.probabilities)
    residual = (batches.total - batches.count * guess) / batches.probabilities
    scale = (weight * units).sum(axis=0)
    mean = safe_divide((weight * (units * guess + residual)).sum(axis=0), scale)
    deviation = guess - mean
    squared = batches.squares - 2.0 * guess * batches.total + batches.count * guess**2
    # Residuals of different variants have no units in common; only the guesses contribute to both.
    left, right = weight * deviation, weight * residual
    shared = (units * left).T @ left + left.T @ right + right.T @ left
    shared += np.diag((squared / batches.probabilities).sum(axis=0))
    return AdaptiveEstimates(int(batches.count.sum()), mean, safe_divide(shared, np.outer(scale, scale)))


def _guesses(batches: Batches) -> Array:
    """Returns the mean (B, K) of each variant before each batch; a variant without units gets the mean of all variants.

    No data exist before the first batch. Its guess is the mean of all its units, so that the estimates do not depend
    on the origin of the rewards. This guess is common to all variants, and biases a difference by at most one unit in
    all of the batch.
    """

    def before(values: Array) -> Array:
        return np.vstack((np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)[:-1]))

    count, total = before(batches.count), before(batches.total)
    units, rewards = count.sum(axis=1, keepdims=True), total.sum(axis=1, keepdims=True)
    none = units == 0.0
    units = np.where(none, batches.count.sum(axis=1, keepdims=True), units)
    rewards = np.where(none, batches.total.sum(axis=1, keepdims=True), rewards)
    return np.where(count > 0.0, safe_divide(total, count), safe_divide(rewards, units))
