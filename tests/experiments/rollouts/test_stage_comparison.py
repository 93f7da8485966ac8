"""Comparison of a stage: results against independent calculations, and the share of harmless rollouts rolled back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from groundswell_server.experiments.design.design import Metric
from groundswell_server.experiments.interim_analysis.interim_analysis import Counts
from groundswell_server.experiments.rollout_checks.stage_comparison import compare_counts
from groundswell_server.experiments.rollouts.design import PREDICTION_ERROR, RolloutDesign, complete
from groundswell_server.experiments.rollouts.rollout import Check, Rollout, RolloutModelState, StageRecord
from groundswell_storage.experiments.enums import Direction, MetricKind, RolloutState
from tests.experiments.rollouts.rollout_calls import CRASHES, HALF_THEN_ALL, KEY, START

DESIGN = complete(RolloutDesign(stages=HALF_THEN_ALL, metrics=(CRASHES,)))


def rollout(design: RolloutDesign = DESIGN, position: int = 0) -> Rollout:
    share = design.stages[position].share
    stage = StageRecord(7, position, share, START, None, timedelta(), "begun", None)
    return Rollout(
        id="01890a5d-ac96-774b-bcce-b302099a8057",
        key=KEY,
        design=design,
        state=RolloutState.RUNNING,
        stages=(stage,),
        note="",
        model_type="",
        model_state=RolloutModelState.NONE,
        previous_model_id="",
        create_time=START,
        update_time=START,
        end_time=None,
        version=1,
    )


def checked_stage(at: Rollout, old: tuple[int, float], new: tuple[int, float]) -> Check:
    """Units and conversions of both variants."""
    sides = {0: old, 1: new}
    sums = {(1, side, 0): (hits, 0.0, 0.0, hits, 0.0, 0.0, 0.0, 0.0, 0.0) for side, (_, hits) in sides.items()}
    return compare_counts(at, Counts({(1, side): (units, 0) for side, (units, _) in sides.items()}, sums), START)


def test_harm_is_the_one_sided_confidence_sequence() -> None:
    """Against the mixture over positive effects, integrated by brute force (Waudby-Smith et al., theorem 2.2)."""
    check = checked_stage(rollout(), (1000, 100.0), (1000, 130.0))
    planned, alpha = 10_000.0, 0.05
    # Twice alpha, because half of the prior is cut off.
    log = -2.0 * np.log(2.0 * alpha)
    spread = (log + np.log(1.0 + log)) / planned
    error2 = 0.1 * 0.9 / 1000.0 + 0.13 * 0.87 / 1000.0
    # Scaled to 2000 units of unit variance: sum S, mixed over means above 0.
    total = 0.03 / np.sqrt(error2) * np.sqrt(2000.0)
    means = np.linspace(0.0, 12.0 * np.sqrt(spread), 400_001)
    density = 2.0 * np.exp(-(means**2) / (2.0 * spread)) / np.sqrt(2.0 * np.pi * spread)
    e = np.trapezoid(density * np.exp(means * total - 2000.0 * means**2 / 2.0), means)
    assert check.metrics[0].harm_p_value == pytest.approx(min(1.0, 1.0 / e), rel=1e-6)


@pytest.mark.parametrize("direction", [Direction.INCREASE, Direction.DECREASE])
def test_harm_depends_on_the_direction_of_the_metric(direction: Direction) -> None:
    metric = Metric("conversions", MetricKind.CONVERSION, direction=direction, event="conversion")
    at = rollout(complete(replace(DESIGN, metrics=(metric,))))
    more, less = checked_stage(at, (1000, 100.0), (1000, 200.0)), checked_stage(at, (1000, 200.0), (1000, 100.0))
    harmful, harmless = (more, less) if direction is Direction.DECREASE else (less, more)
    assert harmful.metrics[0].harm_p_value < 1e-4
    assert harmless.metrics[0].harm_p_value == 1.0


def test_errors_are_known_of_as_many_units_as_weigh_alike() -> None:
    """Forty old units have one outcome each; ten new ones have one and ten have three, which are worth 16."""
    at = rollout(complete(replace(DESIGN, metrics=(PREDICTION_ERROR,))))
    new = np.array([1.0] * 10 + [3.0] * 10)
    sums = {
        (1, 0, 0): (9.0, 40.0, 0.0, 9.0, 40.0, 0.0, 9.0, 0.0, 0.0),
        (1, 1, 0): (9.0, new.sum(), 0.0, 9.0, (new**2).sum(), 0.0, 9.0, 0.0, 0.0),
    }
    units = {(1, 0): (500, 0), (1, 1): (500, 0)}
    assert compare_counts(at, Counts(units, sums), START).known_outcomes == pytest.approx(16.0)
    del sums[1, 0, 0]
    assert compare_counts(at, Counts(units, sums), START).known_outcomes == 0.0
    assert checked_stage(rollout(), (500, 9.0), (500, 9.0)).known_outcomes is None, (
        "a rollout without a version has no prediction errors"
    )


def test_the_expected_shares_are_one_half_each() -> None:
    assert checked_stage(rollout(), (5000, 0.0), (5000, 0.0)).sample_ratio_p_value == 1.0
    assert checked_stage(rollout(), (5000, 0.0), (5600, 0.0)).sample_ratio_p_value < 0.001


def test_a_stage_of_all_units_has_no_mismatch_and_no_harm() -> None:
    check = checked_stage(rollout(position=1), (0, 0.0), (5000, 2500.0))
    assert (check.sample_ratio_p_value, check.metrics[0].harm_p_value) == (1.0, 1.0)
    assert (check.old_units, check.new_units) == (0, 5000)


def test_a_stage_without_units_has_no_result() -> None:
    check = compare_counts(rollout(), Counts({}, {}), START)
    assert (check.new_units, check.old_units, check.sample_ratio_p_value) == (0, 0, 1.0)
    assert check.metrics[0].harm_p_value == 1.0


def test_harmless_rollouts_are_seldom_rolled_back() -> None:
    """100 rollouts, checked after every 100 units: at most 5% are ever rolled back."""
    chance = np.random.default_rng(7)
    rolled_back = sum(ever_broken(chance, 0.2, 0.2) for _ in range(100))
    assert rolled_back <= 5


def test_harmful_ones_are_rolled_back() -> None:
    chance = np.random.default_rng(8)
    assert sum(ever_broken(chance, 0.2, 0.35) for _ in range(30)) >= 25


def ever_broken(chance: Any, old: float, new: float) -> bool:
    hits = np.cumsum(chance.binomial(50, [[old], [new]], (2, 12)), axis=1)
    checks = (
        checked_stage(rollout(), *((50 * (at + 1), float(hits[side, at])) for side in (0, 1))) for at in range(12)
    )
    return any(check.metrics[0].harm_p_value < check.metrics[0].threshold for check in checks)
