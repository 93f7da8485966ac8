"""The policy of a bandit: the probabilities of the next batch, from the design and the rewards so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groundswell_server.experiments.bandits.choice_probabilities import with_floor
from groundswell_server.experiments.bandits.rewards import rewards_of
from groundswell_server.experiments.bandits.thompson import beta_preference, normal_gamma_preference, top_two
from groundswell_server.experiments.bandits.ucb import ucb1_preference
from groundswell_server.experiments.design.design import BanditOptions, Design, Metric
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_storage.experiments.enums import Allocation, Direction, MetricKind


def probabilities(design: Design, variants: Sequence[Moments], random: np.random.Generator) -> tuple[float, ...]:
    """Returns the probability of each variant (K,), including the floor; they sum to 1.

    `variants` are the moments of the primary metric over all units so far.
    """
    metric, options = design.metrics[design.primary], design.bandit or BanditOptions()
    rewards = rewards_of(metric.kind, metric.direction, variants)
    if design.allocation is Allocation.UCB:
        preference = ucb1_preference(rewards, _bounds(metric, options))
    elif metric.kind is MetricKind.CONVERSION:
        preference = beta_preference(rewards, random)
    else:
        preference = normal_gamma_preference(rewards, random)
    if options.top_two:
        preference = top_two(preference)
    return with_floor(preference.tolist())


def _bounds(metric: Metric, options: BanditOptions) -> tuple[float, float]:
    """Returns the bounds of a reward; for a metric that is to decrease, rewards are negated values."""
    low, high = options.lowest_reward, options.highest_reward
    if low is None or high is None:
        return 0.0, 1.0
    return (-high, -low) if metric.direction is Direction.DECREASE else (low, high)
