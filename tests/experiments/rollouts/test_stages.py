"""Rollouts: who is in stays in, both sides are alike, and what happens next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.experiments.rollouts.stage_split import draw
from groundswell_server.experiments.rollouts.stages import (
    DEFAULT_STAGES,
    Guardrail,
    Reaction,
    Reactions,
    Stage,
    StageEvidence,
    StageProblem,
    Step,
    check_stages,
    next_step,
)

HOLD = timedelta(hours=24)
FINE = StageEvidence(HOLD, (Guardrail("latency", 1.0),), 0.5, 1_000, 1_000, 0)
UNITS = [f"unit-{number}" for number in range(10_000)]


@pytest.mark.parametrize(
    ("position", "outcomes", "stays"),
    [(0, 0.0, True), (0, 1.0, False), (1, 29.0, True), (1, 30.0, False), (1, None, False), (2, 0.0, False)],
)
def test_a_version_of_which_too_little_is_known_goes_no_further(
    position: int, outcomes: float | None, stays: bool
) -> None:
    """One error a side is enough where few have it; before all get it, as many as a comparison takes."""
    stages = Stage(0.1, HOLD), Stage(0.5, HOLD), Stage(1.0, HOLD)
    watched = replace(FINE, outcomes=outcomes)
    found = next_step(stages, position, watched, Reactions())
    assert (found.step is Step.STAY) is stays is (StageProblem.NO_OUTCOMES in found.problems)
    early = next_step(stages, position, replace(watched, held=HOLD / 2), Reactions())
    assert StageProblem.NO_OUTCOMES not in early.problems, "before the time is up it is no doubt"
    warned = next_step(stages, position, watched, Reactions(no_outcomes=Reaction.WARN))
    assert warned.step is not Step.STAY
    assert ("warning" in warned.reason) is stays


@settings(deadline=None)
@given(st.text(max_size=20), st.text(min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_who_is_in_stays_in(key: str, unit: str, share: float, other: float) -> None:
    fewer, more = sorted((share, other))
    assert draw(key, unit, more).is_on or not draw(key, unit, fewer).is_on


@pytest.mark.parametrize("share", [0.01, 0.05, 0.25, 0.5, 0.8, 1.0])
def test_as_many_old_as_new_are_compared(share: float) -> None:
    draws = [draw("model-7", unit, share) for unit in UNITS]
    assert sum(one.is_on for one in draws) / len(UNITS) == pytest.approx(share, abs=0.015)
    new = sum(one.is_on for one in draws if one.is_compared) / len(UNITS)
    old = sum(not one.is_on for one in draws if one.is_compared) / len(UNITS)
    expected = min(share, 1.0 - share)
    assert (new, old) == pytest.approx((expected, expected), abs=0.015)


def test_being_let_in_says_nothing_about_the_side() -> None:
    """Of those who came in with each stage, half are new."""
    seen: set[str] = set()
    for share in (0.05, 0.1, 0.25, 0.5):
        joined = [unit for unit in UNITS if unit not in seen and draw("model-7", unit, share).is_compared]
        seen.update(joined)
        on = sum(draw("model-7", unit, share).is_on for unit in joined)
        assert on / len(joined) == pytest.approx(0.5, abs=0.06)


def test_rollouts_are_independent() -> None:
    both = sum(draw("one", unit, 0.25).is_on and draw("two", unit, 0.25).is_on for unit in UNITS)
    assert both / len(UNITS) == pytest.approx(0.0625, abs=0.01)


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ((), "reach all units"),
        ((Stage(0.5, HOLD),), "reach all units"),
        ((Stage(0.5, HOLD), Stage(0.5, HOLD), Stage(1.0, HOLD)), "more units"),
        ((Stage(0.0, HOLD), Stage(1.0, HOLD)), "more units"),
        ((Stage(1.0, -HOLD),), "no time"),
    ],
)
def test_stages_that_make_no_rollout_are_refused(stages: tuple[Stage, ...], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check_stages(stages)


def test_the_default_stages_are_a_rollout() -> None:
    check_stages(DEFAULT_STAGES)
    assert [stage.share for stage in DEFAULT_STAGES] == [0.01, 0.05, 0.10, 0.25, 0.50, 1.00]


def test_it_advances_when_it_was_held_and_completes_at_the_end() -> None:
    steps = [next_step(DEFAULT_STAGES, current, FINE, Reactions()).step for current in range(6)]
    assert steps == [Step.ADVANCE] * 5 + [Step.COMPLETE]
    early = next_step(DEFAULT_STAGES, 0, replace(FINE, held=timedelta(hours=23)), Reactions())
    assert early.step is Step.STAY


def test_a_broken_guardrail_rolls_back_at_once() -> None:
    broken = replace(FINE, held=timedelta(0), guardrails=(Guardrail("errors", 0.01), Guardrail("latency", 0.9)))
    found = next_step(DEFAULT_STAGES, 1, broken, Reactions(sample_ratio_mismatch=Reaction.HOLD))
    assert found.step is Step.ROLL_BACK
    assert "errors" in found.reason
    shared = replace(broken, guardrails=(Guardrail("errors", 0.04), Guardrail("latency", 0.9)))
    assert next_step(DEFAULT_STAGES, 1, shared, Reactions()).step is Step.STAY


@pytest.mark.parametrize(
    ("doubt", "name"),
    [
        ({"srm_p": 1e-5}, "sample_ratio_mismatch"),
        ({"old_units": 0}, "no_traffic"),
        ({"crossed_units": 3}, "crossed_units"),
    ],
)
def test_a_doubt_does_what_was_asked_for(doubt: dict[str, float], name: str) -> None:
    watched = replace(FINE, **doubt)
    for reaction, step in (
        (Reaction.HOLD, Step.STAY),
        (Reaction.ROLL_BACK, Step.ROLL_BACK),
        (Reaction.WARN, Step.ADVANCE),
    ):
        found = next_step(DEFAULT_STAGES, 2, watched, replace(Reactions(), **{name: reaction}))
        assert found.step is step
        assert [one.name.lower() for one in found.problems] == [name]
        assert ("warning" in found.reason) is (reaction is Reaction.WARN)


def test_the_gravest_reaction_counts() -> None:
    watched = replace(FINE, srm_p=1e-5, crossed_units=3)
    reactions = Reactions(sample_ratio_mismatch=Reaction.WARN, crossed_units=Reaction.ROLL_BACK)
    found = next_step(DEFAULT_STAGES, 2, watched, reactions)
    assert found.step is Step.ROLL_BACK
    assert "both sides" in found.reason
    assert found.problems == (StageProblem.SAMPLE_RATIO_MISMATCH, StageProblem.CROSSED_UNITS)


def test_no_traffic_is_a_doubt_only_once_the_time_is_up() -> None:
    quiet = replace(FINE, new_units=0, old_units=0)
    assert next_step(DEFAULT_STAGES, 0, replace(quiet, held=timedelta(0)), Reactions()).reason.startswith("held")
    assert "no units" in next_step(DEFAULT_STAGES, 0, quiet, Reactions()).reason
    # At the last stage nobody is left on the old side.
    assert next_step(DEFAULT_STAGES, 5, replace(FINE, old_units=0), Reactions()).step is Step.COMPLETE
