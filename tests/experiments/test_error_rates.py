"""Simulated experiments with the expected error rates. `make simulate` runs more of them and prints a table."""

from __future__ import annotations

import math

import numpy as np
import pytest

from groundswell_server.experiments.statistics.power import sample_size, size_of_means, size_of_proportions
from tests.simulate import bandit_runs, looked_at_often, looked_at_once

ALPHA = 0.05


def flagged(p_values: np.ndarray) -> float:
    return float((p_values < ALPHA).mean())


def test_one_analysis_flags_five_of_a_hundred_without_an_effect() -> None:
    """10,000 experiments without an effect, of each kind."""
    random = np.random.default_rng(11)
    assert flagged(looked_at_once.of_conversions(10_000, (5_000, 5_000), (0.1, 0.1), random)) == pytest.approx(
        ALPHA, abs=0.006
    )
    assert flagged(looked_at_once.of_phases(10_000, random)) == pytest.approx(ALPHA, abs=0.006)


def test_one_analysis_of_skewed_values_keeps_the_error_rate() -> None:
    random = np.random.default_rng(12)
    assert flagged(looked_at_once.of_values(3_000, (800, 800), 0.0, random)) == pytest.approx(ALPHA, abs=0.012)


@pytest.mark.parametrize(("wanted", "ratio"), [(0.8, 1.0), (0.9, 0.5)])
def test_a_planned_effect_is_found_as_often_as_planned(wanted: float, ratio: float) -> None:
    units = sample_size(size_of_proportions(0.1, 0.2), wanted, ALPHA, ratio)
    sizes = math.ceil(units), math.ceil(units * ratio)
    found = looked_at_once.of_conversions(10_000, sizes, (0.1, 0.12), np.random.default_rng(13))
    assert flagged(found) == pytest.approx(wanted, abs=0.02)


def test_a_planned_effect_on_values_is_found_as_often_as_planned() -> None:
    units = math.ceil(sample_size(size_of_means(1.0, math.sqrt(2.0), 0.2), 0.8, ALPHA))
    found = looked_at_once.of_values(3_000, (units, units), 0.2, np.random.default_rng(14))
    assert flagged(found) == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("share", [0.1, 0.005])
def test_repeated_analyses_flag_at_most_five_of_a_hundred_without_an_effect(share: float) -> None:
    found = looked_at_often.of_conversions(1_000, 5_000, share, np.random.default_rng(15))
    assert found.always_valid <= ALPHA
    assert found.one_sided <= ALPHA
    assert found.fixed > 2 * ALPHA  # the reason for the always-valid test


def test_a_change_of_the_split_keeps_the_error_rate() -> None:
    assert looked_at_often.of_phases(1_000, 4_000, np.random.default_rng(17)) <= ALPHA


def test_repeated_analyses_of_values_keep_the_error_rate() -> None:
    random = np.random.default_rng(16)
    assert looked_at_often.of_values(500, 2_000, random) <= ALPHA
    # Planned for few units, and analysed from the first units on.
    assert looked_at_often.of_values(2_000, 100, random, every=4) <= ALPHA


def test_thompson_has_at_most_the_regret_of_mabwiser_and_the_floor() -> None:
    runs, units = 3, 2_000
    ours, error = bandit_runs.mean_regret(bandit_runs.thompson, bandit_runs.TEN_ARMS, units, runs)
    theirs = np.array([bandit_runs.run_mabwiser(bandit_runs.TEN_ARMS, units, seed) for seed in range(runs)])
    # Each of the ten variants keeps 1% of the units, which lose 0.02 each on average.
    floor = units * 10 * 0.01 * 0.02
    assert ours <= theirs.mean() + floor + 3 * math.hypot(error, theirs.std(ddof=1) / runs**0.5)
