"""Bandits on arms whose truth is known: what they lose, and whether what they say of the arms is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.bandits.adaptive_estimates import Batches
from groundswell_server.experiments.bandits.choice_probabilities import with_floor
from groundswell_server.experiments.bandits.replay import Policy
from groundswell_server.experiments.bandits.rewards import Rewards
from groundswell_server.experiments.bandits.thompson import beta_preference, normal_gamma_preference, top_two
from groundswell_server.experiments.bandits.ucb import ucb1_preference

Array = NDArray[np.float64]

THREE_ARMS = (0.04, 0.05, 0.06)
TEN_ARMS = tuple(np.linspace(0.03, 0.07, 10).tolist())
BATCH = 100


def thompson(rewards: Rewards, random: np.random.Generator) -> Array:
    return beta_preference(rewards, random)


def thompson_top_two(rewards: Rewards, random: np.random.Generator) -> Array:
    return top_two(beta_preference(rewards, random))


def thompson_of_values(rewards: Rewards, random: np.random.Generator) -> Array:
    return normal_gamma_preference(rewards, random)


def ucb1(rewards: Rewards, random: np.random.Generator) -> Array:
    return ucb1_preference(rewards, (0.0, 1.0))


def uniform(rewards: Rewards, random: np.random.Generator) -> Array:
    return np.full(len(rewards.pulls), 1.0 / len(rewards.pulls))


@dataclass(frozen=True, slots=True)
class Run:
    """One bandit to its end."""

    batches: Batches
    regret: float
    """Rewards that always choosing the best arm would have brought on top, in expectation."""


def run(policy: Policy, shares: Sequence[float], units: int, random: np.random.Generator, batch: int = BATCH) -> Run:
    """Units one batch after another, each arm's reward 1 with its share."""
    truth, rewards = np.array(shares), Rewards.none(len(shares))
    rows = []
    for _ in range(0, units, batch):
        probabilities = np.array(with_floor(policy(rewards, random).tolist()))
        count = random.multinomial(batch, probabilities).astype(float)
        total = random.binomial(count.astype(int), truth).astype(float)
        rewards = Rewards(rewards.pulls + count, rewards.total + total, rewards.squares + total)
        rows.append((probabilities, count, total, total))
    batches = Batches(*(np.array(column) for column in zip(*rows, strict=True)))
    return Run(batches, float((batches.count.sum(axis=0) * (truth.max() - truth)).sum()))


def run_mabwiser(shares: Sequence[float], units: int, seed: int, batch: int = BATCH) -> float:
    """The regret of MABWiser's Thompson sampling, fed in the same batches."""
    from mabwiser.mab import MAB, LearningPolicy

    random, truth = np.random.default_rng(seed), np.array(shares)
    bandit = MAB(list(range(len(shares))), LearningPolicy.ThompsonSampling(), seed=seed)
    # It wants to have seen something before it predicts.
    bandit.fit([0], [int(random.random() < truth[0])])
    regret = 0.0
    for _ in range(0, units, batch):
        arms = [bandit.predict() for _ in range(batch)]
        bandit.partial_fit(arms, (random.random(batch) < truth[arms]).astype(int))
        regret += float((truth.max() - truth[arms]).sum())
    return regret


def mean_regret(policy: Policy, shares: Sequence[float], units: int, runs: int) -> tuple[float, float]:
    """Mean regret of seeded runs, and its standard error."""
    found = np.array([run(policy, shares, units, np.random.default_rng(seed)).regret for seed in range(runs)])
    return float(found.mean()), float(found.std(ddof=1) / runs**0.5)
