"""The lines of the table; each function makes some."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from groundswell_server.experiments.bandits.adaptive_estimates import estimate
from groundswell_server.experiments.bandits.replay import Log, replay
from groundswell_server.experiments.statistics.power import (
    sample_size,
    sequential_sample_size,
    size_of_means,
    size_of_proportions,
)
from tests.simulate import bandit_looks, bandit_runs, looked_at_often, looked_at_once
from tests.simulate.table import Row, at_most, within

Measure = Callable[[], Sequence[Row]]

EXPERIMENTS = 10_000
ALPHA = 0.05
_DEVIATION = math.sqrt(2.0)
"""Of the skewed values, in means."""


def without_an_effect() -> Sequence[Row]:
    """Fixed horizon, looked at once."""
    random = np.random.default_rng(1)
    rows = {
        "conversions of 10%, 5,000 units an arm": looked_at_once.of_conversions(
            EXPERIMENTS, (5_000, 5_000), (0.1, 0.1), random
        ),
        "the same in two phases, 9:1 and 1:1": looked_at_once.of_phases(EXPERIMENTS, random),
        "skewed values, 2,000 units an arm": looked_at_once.of_values(EXPERIMENTS, (2_000, 2_000), 0.0, random),
        "their relative lift": looked_at_once.of_values(EXPERIMENTS, (2_000, 2_000), 0.0, random, relative=True),
    }
    return [within(f"no effect, one look: {what}", float((p < ALPHA).mean()), ALPHA, 0.006) for what, p in rows.items()]


def with_the_planned_effect() -> Sequence[Row]:
    """Experiments of the planned size with the effect that they were planned for."""
    random = np.random.default_rng(2)
    rows = []
    for wanted, ratio in ((0.8, 1.0), (0.9, 0.5)):
        units = sample_size(size_of_proportions(0.1, 0.2), wanted, ALPHA, ratio)
        sizes = math.ceil(units), math.ceil(units * ratio)
        p = looked_at_once.of_conversions(EXPERIMENTS, sizes, (0.1, 0.12), random)
        what = f"planned effect, one look: conversions, 10% to 12%, {sizes[0]:,} and {sizes[1]:,} units"
        rows.append(within(what, float((p < ALPHA).mean()), wanted, 0.02))
    units = sample_size(size_of_means(1.0, _DEVIATION, 0.1), 0.8, ALPHA)
    p = looked_at_once.of_values(EXPERIMENTS, (math.ceil(units),) * 2, 0.1, random)
    rows.append(
        within(
            f"planned effect, one look: skewed values, {math.ceil(units):,} units an arm",
            float((p < ALPHA).mean()),
            0.8,
            0.02,
        )
    )
    return rows


def looked_at_all_the_time() -> Sequence[Row]:
    """Always valid: a look after every 100 units."""
    random = np.random.default_rng(3)
    found = looked_at_often.of_conversions(EXPERIMENTS, 100_000, 0.1, random)
    rare = looked_at_often.of_conversions(2_000, 20_000, 0.004, random)
    what = "no effect, a look every 100 units"
    return [
        at_most(f"{what} to 100,000 an arm: always-valid", found.always_valid, ALPHA),
        at_most(f"{what} to 100,000 an arm: one-sided, for guardrails", found.one_sided, ALPHA),
        Row(
            f"{what} to 100,000 an arm: the fixed-horizon p", f"{found.fixed:.2%}", "nothing: it is for one look", None
        ),
        Row(f"{what}, and the fixed p at the planned size", f"{found.either:.2%}", "nothing: two tests", None),
        at_most(f"{what} to 20,000 an arm, conversions of 0.4%: always-valid", rare.always_valid, ALPHA),
        at_most(
            f"{what}, two phases of 10,000, 9:1 and 1:1: always-valid",
            looked_at_often.of_phases(2_000, 10_000, random),
            ALPHA,
        ),
        at_most(
            f"{what} to 5,000 an arm, skewed values: always-valid",
            looked_at_often.of_values(2_000, 5_000, random),
            ALPHA,
        ),
    ]


def looked_at_until_found() -> Sequence[Row]:
    """Always valid with an effect: the planned size finds it at least as often as planned."""
    random = np.random.default_rng(4)
    units = math.ceil(sequential_sample_size(size_of_means(1.0, 1.0, 0.1), 0.8, ALPHA))
    share = looked_at_often.of_values(1_000, units, random, lift=0.1)
    told = f"planned effect, a look every 100 units: skewed values, {units:,} units an arm: always-valid"
    return [Row(told, f"{share:.2%}", "at least 80.0%", share >= 0.8)]


def regret_of_bandits() -> Sequence[Row]:
    """Against a uniform split and MABWiser, fed in the same batches."""
    rows, units, runs = [], 10_000, 20
    for name, shares in (("0.04, 0.05, 0.06", bandit_runs.THREE_ARMS), ("10 arms, 0.05 +- 0.02", bandit_runs.TEN_ARMS)):
        uniform, _ = bandit_runs.mean_regret(bandit_runs.uniform, shares, units, runs)
        theirs = np.array([bandit_runs.run_mabwiser(shares, units, seed) for seed in range(runs)])
        doubt = float(theirs.std(ddof=1)) / runs**0.5
        yardstick = f"uniform {uniform:.0f}, MABWiser's Thompson {theirs.mean():.0f} +- {doubt:.0f}"
        for policy in (bandit_runs.thompson, bandit_runs.thompson_top_two, bandit_runs.ucb1):
            regret, error = bandit_runs.mean_regret(policy, shares, units, runs)
            what = f"regret of {policy.__name__} after {units:,} units: {name}"
            rows.append(Row(what, f"{regret:.0f} +- {error:.0f}", yardstick, regret < uniform))
    return rows


def intervals_of_bandits() -> Sequence[Row]:
    """95% intervals of the difference of two arms, of adaptively weighted estimates and of plain means."""
    rows, runs = [], 500
    for shares in ((0.3, 0.4, 0.5), (0.5, 0.5, 0.5)):
        covered, plain = [], []
        for seed in range(runs):
            batches = bandit_runs.run(
                bandit_runs.thompson, shares, 5_000, np.random.default_rng(seed), batch=250
            ).batches
            truth = shares[2] - shares[0]
            apart, error2 = estimate(batches).difference(0, 2)
            covered.append(abs(apart - truth) <= 1.96 * error2**0.5)
            pulls = batches.count.sum(axis=0)
            means = batches.total.sum(axis=0) / pulls
            errors2 = means * (1.0 - means) / pulls
            plain.append(abs(means[2] - means[0] - truth) <= 1.96 * (errors2[0] + errors2[2]) ** 0.5)
        told = ", ".join(map(str, shares))
        rows.append(within(f"95% intervals after Thompson, adaptively weighted: {told}", np.mean(covered), 0.95, 0.03))
        rows.append(Row(f"the same of plain means: {told}", f"{np.mean(plain):.2%}", "nothing: biased", None))
    return rows


def repeated_bandit_analyses() -> Sequence[Row]:
    """No effect between two arms of a bandit, looked at after every batch: always valid."""
    rows, what = [], "no effect, a look after every 250 of 5,000 units"
    for policy in (bandit_runs.thompson, bandit_runs.thompson_top_two, bandit_runs.ucb1):
        for shares in ((0.3, 0.3), (0.05, 0.05, 0.08)):
            flagged = bandit_looks.of_conversions(policy, shares, 300)
            told = ", ".join(map(str, shares))
            rows.append(at_most(f"{what}, {policy.__name__}: conversions, {told}: always-valid", flagged, ALPHA))
    for told, draw in (
        ("exponential values", lambda random, units: random.exponential(1.0, units)),
        (
            "5% spend, exponentially",
            lambda random, units: (random.random(units) < 0.05) * random.exponential(20, units),
        ),
    ):
        for arms in (2, 3):
            flagged = bandit_looks.of_values(bandit_runs.thompson_of_values, draw, arms, 300)
            rows.append(at_most(f"{what}, thompson: {told}, {arms} arms: always-valid", flagged, ALPHA))
    return rows


def replayed_log() -> Sequence[Row]:
    """What a policy earns on 50,000 logged units: of a uniform choice, and of one that preferred the worse half."""
    truth, rows = np.array(bandit_runs.TEN_ARMS), []
    count = len(truth)
    for told, shares in (("uniform", np.full(count, 0.1)), ("skewed", np.repeat((0.15, 0.05), count // 2))):
        random = np.random.default_rng(5)
        arms = random.choice(count, 50_000, p=shares)
        rewards = (random.random(len(arms)) < truth[arms]).astype(float)
        log, plain = Log(arms, rewards, shares[arms]), float(rewards.mean())
        for policy in (bandit_runs.thompson, bandit_runs.thompson_top_two):
            found = replay(policy, log, count, np.random.default_rng(6))
            what = f"reward of {policy.__name__} on a replayed {told} log of 50,000 units, 10 arms"
            earned = f"{found.estimate:.4f} by all rows, {found.reward:.4f} of the {found.units:,} it chose"
            rows.append(Row(what, earned, f"above the log's {plain:.4f}", found.estimate > plain))
    return rows


ALL: Sequence[Measure] = (
    without_an_effect,
    with_the_planned_effect,
    looked_at_all_the_time,
    looked_at_until_found,
    regret_of_bandits,
    intervals_of_bandits,
    repeated_bandit_analyses,
    replayed_log,
)
