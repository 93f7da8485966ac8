"""Bandits without an effect between two arms, looked at after every batch: how often is one ever flagged?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from groundswell_server.experiments.analysis.adaptive import MIN_UNITS_FOR_VALUES
from groundswell_server.experiments.bandits.adaptive_estimates import AdaptiveEstimates, Batches, estimate
from groundswell_server.experiments.bandits.choice_probabilities import with_floor
from groundswell_server.experiments.bandits.replay import Policy
from groundswell_server.experiments.bandits.rewards import Rewards
from groundswell_server.experiments.statistics import bernoulli_bound
from groundswell_server.experiments.statistics.variant_means import conversions
from groundswell_server.statistics import confidence_sequence
from tests.simulate import bandit_runs
from tests.simulate.bandit_runs import Array

UNITS, BATCH, PLANNED, ALPHA = 5_000, 250, 10_000.0, 0.05


def of_conversions(policy: Policy, shares: Sequence[float], runs: int) -> float:
    """Share of runs in which the first two arms are ever told apart, by the exact bound while counts are low."""

    def flagged(estimates: AdaptiveEstimates, count: Array, total: Array) -> bool:
        a, b = (conversions(total[[arm]], count[[arm]]) for arm in (0, 1))
        if bool(bernoulli_bound.too_few(a, b)):
            return float(bernoulli_bound.log_evidence(a, b)) > -math.log(ALPHA)
        return _asymptotic(estimates) > -math.log(ALPHA)

    batches = (
        bandit_runs.run(policy, shares, UNITS, np.random.default_rng(seed), BATCH).batches for seed in range(runs)
    )
    return float(np.mean([_ever(one, flagged) for one in batches]))


def of_values(policy: Policy, draw: Callable[[np.random.Generator, int], Array], arms: int, runs: int) -> float:
    """The same of values, which are judged from `MIN_UNITS_FOR_VALUES` units of each arm on."""

    def flagged(estimates: AdaptiveEstimates, count: Array, total: Array) -> bool:
        return count[:2].min() >= MIN_UNITS_FOR_VALUES and _asymptotic(estimates) > -math.log(ALPHA)

    return float(np.mean([_ever(_run(policy, draw, arms, seed), flagged) for seed in range(runs)]))


def _ever(batches: Batches, flagged: Callable[[AdaptiveEstimates, Array, Array], bool]) -> bool:
    counts, totals = batches.count.cumsum(axis=0), batches.total.cumsum(axis=0)
    for end in range(1, len(counts) + 1):
        columns = (batches.probabilities, batches.count, batches.total, batches.squares)
        if flagged(estimate(Batches(*(column[:end] for column in columns))), counts[end - 1], totals[end - 1]):
            return True
    return False


def _asymptotic(estimates: AdaptiveEstimates) -> float:
    apart, error2 = (np.asarray(figure) for figure in estimates.difference(0, 1))
    return float(confidence_sequence.log_evidence(apart, error2, np.asarray(float(estimates.units)), PLANNED, ALPHA))


def _run(policy: Policy, draw: Callable[[np.random.Generator, int], Array], arms: int, seed: int) -> Batches:
    random, rewards, rows = np.random.default_rng(seed), Rewards.none(arms), []
    for _ in range(0, UNITS, BATCH):
        probabilities = np.array(with_floor(policy(rewards, random).tolist()))
        count = random.multinomial(BATCH, probabilities)
        values = [draw(random, units) for units in count]
        total, squares = (np.array([(one**power).sum() for one in values]) for power in (1, 2))
        rewards = Rewards(rewards.pulls + count, rewards.total + total, rewards.squares + squares)
        rows.append((probabilities, count.astype(float), total, squares))
    return Batches(*(np.array(column) for column in zip(*rows, strict=True)))
