"""Posteriors of the arms: who is probably best, and what choosing an arm would cost if it is not.

Conversions have Beta posteriors, values Normal ones (flat prior, and the variance taken as known, which it nearly is
from 30 units on). Two arms in one phase are integrated numerically; more are simulated, with a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.variant_means import VariantMean, VariantMeans

Array = NDArray[np.float64]

_MOST_DRAWS, _FEWEST_DRAWS = 100_000, 2_000
_NUMBERS = 300_000
"""Drawn in a simulation, of all arms and phases together, so that its cost does not grow with them. Of three arms
probabilities are then right to 0.3 percentage points, 95 times of 100, and of fifty to 1.3."""
_POINTS, _REACH = 801, 20.0
"""Of the integration, and how many standard deviations it goes to either side: twenty points a deviation are as exact
as a hundred, and the incomplete beta function is dear where many units were counted."""
_ROUNDING = 1e-12
"""Share of a mean by which its sum may be off, however many it was added up from."""


@dataclass(frozen=True, slots=True)
class Posteriors:
    """What is posteriors_of of K arms after the data."""

    probability_best: Array
    """(K,) that the arm has the highest mean; they sum to 1."""
    expected_loss: Array
    """(K,) by how much the best arm's mean is expected to exceed this one's: the price of choosing it."""
    lower: Array
    """(K,) credible interval of the arm's mean; unbounded where its values have no spread to go by."""
    upper: Array
    """(K,)"""

    @classmethod
    def left_out(cls, count: int) -> Posteriors:
        """Of arms whose posteriors nobody asked for: NaN."""
        return cls(*(np.full(count, np.nan) for _ in range(4)))


def beta_posteriors(
    arms: Sequence[VariantMeans],
    weights: Array,
    *,
    seed: int,
    level: float = 0.95,
    prior: tuple[float, float] = (1.0, 1.0),
    best_is_highest: bool = True,
) -> Posteriors:
    """Of K arms of conversions (phases,), phases weighted with `weights` (phases,) in all arms alike.

    The prior is Beta; (1, 1) says that before the data all proportions were equally likely.
    """
    from scipy.special import betaincinv

    used = weights > 0.0
    hits = np.array([arm.count * arm.mean for arm in arms])[:, used]
    misses = np.array([arm.count * (1.0 - arm.mean) for arm in arms])[:, used]
    if used.sum() > 1:
        random, shape = np.random.default_rng(seed), (len(arms), draws(len(arms), int(used.sum())))
        drawn = np.zeros(shape)
        for phase, weight in enumerate(weights[used]):
            drawn += weight * random.beta(hits[:, phase, None] + prior[0], misses[:, phase, None] + prior[1], shape)
        lower, upper = np.quantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=1)
        return Posteriors(*_best(drawn, best_is_highest), lower, upper)
    tail = (1.0 - level) / 2.0
    shapes = hits.sum(axis=1) + prior[0], misses.sum(axis=1) + prior[1]
    lower = np.asarray(betaincinv(*shapes, tail), np.float64)
    upper = np.asarray(betaincinv(*shapes, 1.0 - tail), np.float64)
    if len(arms) == 2:
        better, loss = _two_betas(*shapes)
        return _either(better, loss, lower, upper, best_is_highest)
    random = np.random.default_rng(seed)
    drawn = random.beta(shapes[0][:, None], shapes[1][:, None], (len(arms), draws(len(arms))))
    return Posteriors(*_best(drawn, best_is_highest), lower, upper)


def normal_posteriors(
    arms: Sequence[VariantMean], *, seed: int, level: float = 0.95, best_is_highest: bool = True
) -> Posteriors:
    """Of K arms over all their phases."""
    from scipy.special import ndtr, ndtri

    mean = np.array([float(arm.mean) for arm in arms])
    error = np.sqrt([float(arm.error2) for arm in arms])
    half = np.where(error > 0.0, ndtri(0.5 + level / 2.0) * error, np.inf)
    # Means of values that are all alike may differ by rounding, which makes none the best.
    error = np.where(error > 0.0, error, _ROUNDING * np.abs(mean))
    if len(arms) != 2:
        random = np.random.default_rng(seed)
        drawn = random.normal(mean[:, None], error[:, None], (len(arms), draws(len(arms))))
        return Posteriors(*_best(drawn, best_is_highest), mean - half, mean + half)
    apart, doubt = float(mean[1] - mean[0]), float(np.hypot(*error))
    if doubt == 0.0:
        better, gain = float(np.sign(apart)) / 2.0 + 0.5, max(apart, 0.0)
    else:
        z = apart / doubt
        better = float(ndtr(z))
        gain = doubt * float(np.exp(-(z**2) / 2.0)) / (2.0 * np.pi) ** 0.5 + apart * better
    # What choosing the first loses is what the second is expected to gain, and the other way round.
    return _either(better, np.array([gain, gain - apart]), mean - half, mean + half, best_is_highest)


def _either(better: float, loss: Array, lower: Array, upper: Array, best_is_highest: bool) -> Posteriors:
    """From the probability that the second arm is higher and the losses (2,) where higher is better."""
    best = np.array([1.0 - better, better])
    return Posteriors(best, loss, lower, upper) if best_is_highest else Posteriors(best[::-1], loss[::-1], lower, upper)


def _two_betas(hits: Array, misses: Array) -> tuple[float, Array]:
    """The probability that the second of two proportions is higher, and the expected losses (2,).

    Integrated by the trapezoid rule over the log-odds of the surer arm, whose density is smooth and falls off
    exponentially: the error is below 1e-9.
    """
    from scipy.special import betainc, betaln, digamma, expit, polygamma

    spread = np.sqrt(polygamma(1, hits) + polygamma(1, misses))
    sure = int(np.argmin(spread))
    other = 1 - sure
    middle = digamma(hits[sure]) - digamma(misses[sure])
    odds = middle + np.linspace(-_REACH, _REACH, _POINTS) * spread[sure]
    log_density = -hits[sure] * np.logaddexp(0.0, -odds) - misses[sure] * np.logaddexp(0.0, odds)
    density = np.exp(log_density - betaln(hits[sure], misses[sure])) * (odds[1] - odds[0])
    at = expit(odds)
    mean = hits / (hits + misses)
    below = betainc(hits[other], misses[other], at)
    other_lower = float(density @ below)
    # By how much the surer arm is above the other, where it is; and its mirror image.
    excess = float(density @ (at * below - mean[other] * betainc(hits[other] + 1.0, misses[other], at)))
    lack = excess - float(mean[sure] - mean[other])
    loss = np.empty(2)
    loss[other], loss[sure] = max(excess, 0.0), max(lack, 0.0)
    return (other_lower if sure == 1 else 1.0 - other_lower), loss


def draws(arms: int, phases: int = 1) -> int:
    """How often each arm is drawn in a simulation."""
    return min(max(_NUMBERS // (arms * phases), _FEWEST_DRAWS), _MOST_DRAWS)


def _best(drawn: Array, best_is_highest: bool) -> tuple[Array, Array]:
    """The probabilities to be best (K,) and the expected losses (K,), from draws (K, draws) of the arms' means."""
    signed = drawn if best_is_highest else -drawn
    highest = signed.max(axis=0)
    # Arms that are equal without any doubt share: as likely the best are those of which nothing is known.
    ties = signed == highest
    return (ties / ties.sum(axis=0)).mean(axis=1), highest.mean() - signed.mean(axis=1)
