"""Thompson sampling: a variant is chosen with its probability of being best.

Thompson 1933; Russo, Van Roy, Kazerouni, Osband, Wen 2018, "A tutorial on Thompson sampling". The preferences are
frequencies among seeded draws from the posteriors, so that the stored probabilities are exactly those of the choices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.bandits.rewards import Rewards

Array = NDArray[np.float64]

DRAWS = 2_000


def beta_preference(rewards: Rewards, random: np.random.Generator, prior: tuple[float, float] = (1.0, 1.0)) -> Array:
    """Returns the frequency (K,) with which each variant of conversions draws the highest proportion."""
    hits = rewards.total + prior[0]
    misses = rewards.pulls - rewards.total + prior[1]
    return _frequencies(random.beta(hits, misses, (DRAWS, len(hits))))


def normal_gamma_preference(rewards: Rewards, random: np.random.Generator) -> Array:
    """Returns the frequency (K,) with which each variant of values draws the highest mean.

    Normal-Gamma posterior (Murphy 2007, "Conjugate Bayesian analysis of the Gaussian distribution", formulas 86 to 89
    and 99). The prior has the weight of one unit with the mean and the variance of all variants together. While all
    rewards are equal, all variants have the same preference.
    """
    count = rewards.pulls.sum()
    centre = rewards.total.sum() / max(count, 1.0)
    spread = rewards.squares.sum() / max(count, 1.0) - centre**2
    if spread <= 1e-12 * max(centre**2, 1.0):
        return np.full(len(rewards.pulls), 1.0 / len(rewards.pulls))
    strength = 1.0 + rewards.pulls
    mean = (centre + rewards.total) / strength
    shape = 1.0 + rewards.pulls / 2.0
    within = np.maximum(rewards.squares - rewards.pulls * rewards.means**2, 0.0)
    rate = spread + within / 2.0 + rewards.pulls * (rewards.means - centre) ** 2 / (2.0 * strength)
    scale = np.sqrt(rate / (shape * strength))
    return _frequencies(mean + scale * random.standard_t(2.0 * shape, (DRAWS, len(mean))))


def top_two(best: Array, leader_share: float = 0.5) -> Array:
    """Returns preferences (K,) that identify the best variant sooner, from the probabilities of being best (K,).

    The variant drawn as best gets `leader_share`, and the best other variant gets the rest: Russo 2020, "Simple
    Bayesian algorithms for best-arm identification", section 4.3.
    """
    if len(best) < 2:
        return best
    # Probabilities of 0 and 1 from finitely many draws are smoothed, because no variant is certain to be best.
    best = (best * DRAWS + 1.0 / len(best)) / (DRAWS + 1.0)
    odds = best / (1.0 - best)
    runner_up = best * (odds.sum() - odds)
    return np.asarray(leader_share * best + (1.0 - leader_share) * runner_up)


def _frequencies(draws: Array) -> Array:
    """Returns the frequency (K,) with which each column of (draws, K) is the largest of its row."""
    return np.bincount(draws.argmax(axis=1), minlength=draws.shape[1]) / len(draws)
