"""The step after a check: guardrails first, then problems with their reactions, then the hold time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.experiments.rollout_checks.next_step import NextStep, Step, next_step
from groundswell_server.experiments.rollouts.design import (
    DEFAULT_STAGES,
    Reaction,
    Reactions,
    RolloutDesign,
    Stage,
    StageProblem,
    complete,
)
from groundswell_server.experiments.rollouts.rollout import Check, MetricComparison
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.experiments.enums import MetricRole

HOLD = timedelta(hours=24)


def guardrail(name: str, harm_p_value: float) -> MetricComparison:
    return MetricComparison(name, MetricRole.GUARDRAIL, 1.0, 1.0, harm_p_value, 0.05)


FINE = Check(datetime(2026, 1, 1, tzinfo=UTC), 1_000, 1_000, 0, 0.5, (guardrail("latency", 1.0),))


def after(
    check: Check,
    current: int,
    reactions: Reactions | None = None,
    held: timedelta = HOLD,
    stages: tuple[Stage, ...] = DEFAULT_STAGES,
) -> NextStep:
    return next_step(stages, current, check, held, reactions or Reactions())


@pytest.mark.parametrize(
    ("position", "outcomes", "stays"),
    [(0, 0.0, True), (0, 1.0, False), (1, 29.0, True), (1, 30.0, False), (1, None, False), (2, 0.0, False)],
)
def test_a_stage_is_held_while_too_few_prediction_errors_are_known(
    position: int, outcomes: float | None, stays: bool
) -> None:
    """One error in each variant is enough in early stages; the last comparison needs as many as any comparison."""
    stages = Stage(0.1, HOLD), Stage(0.5, HOLD), Stage(1.0, HOLD)
    check = replace(FINE, known_outcomes=outcomes)
    found = after(check, position, stages=stages)
    assert (found.step is Step.STAY) is stays is (StageProblem.NO_OUTCOMES in found.problems)
    early = after(check, position, held=HOLD / 2, stages=stages)
    assert StageProblem.NO_OUTCOMES not in early.problems, "no problem before the hold time is over"
    warned = after(check, position, Reactions(no_outcomes=Reaction.WARN), stages=stages)
    assert warned.step is not Step.STAY
    assert ("warning" in warned.reason) is stays


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ((), "share 1"),
        ((Stage(0.5, HOLD),), "share 1"),
        ((Stage(0.5, HOLD), Stage(0.5, HOLD), Stage(1.0, HOLD)), "increasing"),
        ((Stage(0.0, HOLD), Stage(1.0, HOLD)), "increasing"),
        ((Stage(1.0, -HOLD),), "negative"),
    ],
)
def test_invalid_stages_are_refused(stages: tuple[Stage, ...], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message) as error:
        complete(RolloutDesign(stages=stages))
    assert [one.field for one in error.value.fields] == ["design.stages"]


def test_the_default_stages_are_valid() -> None:
    completed = complete(RolloutDesign()).stages
    assert {stage.hold for stage in completed} == {timedelta(hours=24)}
    assert [stage.share for stage in completed] == [0.01, 0.05, 0.10, 0.25, 0.50, 1.00]


def test_it_advances_when_it_was_held_and_completes_at_the_end() -> None:
    steps = [after(FINE, current).step for current in range(6)]
    assert steps == [Step.ADVANCE] * 5 + [Step.COMPLETE]
    early = after(FINE, 0, held=timedelta(hours=23))
    assert early.step is Step.STAY


def test_a_broken_guardrail_rolls_back_at_once() -> None:
    broken = replace(FINE, metrics=(guardrail("errors", 0.01), guardrail("latency", 0.9)))
    found = after(broken, 1, Reactions(sample_ratio_mismatch=Reaction.HOLD), timedelta(0))
    assert found.step is Step.ROLL_BACK
    assert "errors" in found.reason
    shared = replace(broken, metrics=(guardrail("errors", 0.04), guardrail("latency", 0.9)))
    assert after(shared, 1, held=timedelta(0)).step is Step.STAY


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"sample_ratio_p_value": 1e-5}, "sample_ratio_mismatch"),
        ({"old_units": 0}, "no_traffic"),
        ({"crossed_count": 3}, "crossed_units"),
    ],
)
def test_a_problem_has_its_configured_reaction(changes: dict[str, float], name: str) -> None:
    check = replace(FINE, **changes)
    for reaction, step in (
        (Reaction.HOLD, Step.STAY),
        (Reaction.ROLL_BACK, Step.ROLL_BACK),
        (Reaction.WARN, Step.ADVANCE),
    ):
        found = after(check, 2, replace(Reactions(), **{name: reaction}))
        assert found.step is step
        assert [one.name.lower() for one in found.problems] == [name]
        assert ("warning" in found.reason) is (reaction is Reaction.WARN)


def test_the_strongest_reaction_wins() -> None:
    check = replace(FINE, sample_ratio_p_value=1e-5, crossed_count=3)
    reactions = Reactions(sample_ratio_mismatch=Reaction.WARN, crossed_units=Reaction.ROLL_BACK)
    found = after(check, 2, reactions)
    assert found.step is Step.ROLL_BACK
    assert "both variants" in found.reason
    assert found.problems == (StageProblem.SAMPLE_RATIO_MISMATCH, StageProblem.CROSSED_UNITS)


def test_no_traffic_is_a_problem_only_after_the_hold_time() -> None:
    quiet = replace(FINE, new_units=0, old_units=0)
    assert after(quiet, 0, held=timedelta(0)).reason.startswith("held")
    assert "no units" in after(quiet, 0).reason
    # In the last stage no unit has the old variant.
    assert after(replace(FINE, old_units=0), 5).step is Step.COMPLETE
