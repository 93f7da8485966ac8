"""The decision after a check: stay, advance, complete or roll back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from groundswell_server.conversions.durations import in_words
from groundswell_server.experiments.rollouts.design import Reaction, Reactions, Stage, StageProblem
from groundswell_server.experiments.rollouts.rollout import Check
from groundswell_server.experiments.statistics.moments import MIN_UNITS_PER_VARIANT
from groundswell_storage.experiments.enums import MetricRole

_SRM_ALPHA = 0.001
"""A sample ratio p value below this is a mismatch."""


class Step(Enum):
    """The steps that can follow a check."""

    STAY = "stay"
    ADVANCE = "advance"
    COMPLETE = "complete"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class NextStep:
    """A step with its reason."""

    step: Step
    reason: str
    """The reason in words, with the warnings about problems."""
    problems: tuple[StageProblem, ...] = ()
    """All problems, regardless of the reactions to them."""


def next_step(
    stages: Sequence[Stage],
    current: int,
    check: Check,
    held: timedelta,
    reactions: Reactions,
    *,
    alpha: float = 0.05,
) -> NextStep:
    """Returns the step after a check of the stage at the position `current`, which has been `held` without pauses.

    A broken guardrail rolls back at once; `alpha` is divided among the guardrails. Problems follow, each with its
    configured reaction, then the hold time.
    """
    stage, guardrails = stages[current], [one for one in check.metrics if one.role is MetricRole.GUARDRAIL]
    problems = _problems(stage, check, held, _needed_outcomes(stages, current))
    found = tuple(problems)
    broken = [one for one in guardrails if one.harm_p_value * len(guardrails) < alpha]
    if broken:
        worst = min(broken, key=lambda one: one.harm_p_value)
        reason = f"the guardrail {worst.metric} is broken (p = {worst.harm_p_value:.2g})"
        return NextStep(Step.ROLL_BACK, reason, found)
    for reaction, step in ((Reaction.ROLL_BACK, Step.ROLL_BACK), (Reaction.HOLD, Step.STAY)):
        for problem, description in problems.items():
            if reactions.to(problem) is reaction:
                return NextStep(step, description, found)
    warnings = "".join(f"; warning: {description}" for description in problems.values())
    if held < stage.hold_time:
        return NextStep(Step.STAY, f"held {in_words(held)} of {in_words(stage.hold_time)}{warnings}", found)
    if current == len(stages) - 1:
        return NextStep(Step.COMPLETE, f"all units are on, and the last stage was held{warnings}", found)
    unbroken = ", and no guardrail is broken" if guardrails else ""
    return NextStep(Step.ADVANCE, f"held {in_words(held)}{unbroken}{warnings}", found)


def _needed_outcomes(stages: Sequence[Stage], current: int) -> int:
    """Returns the units of each variant whose prediction error has to be known before the stage ends.

    Before the stage of all units the comparison has to be sound. In earlier stages few units are affected, and more
    may not exist.
    """
    if current == len(stages) - 1:
        return 0
    return MIN_UNITS_PER_VARIANT if current == len(stages) - 2 else 1


def _problems(stage: Stage, check: Check, held: timedelta, needed: int) -> dict[StageProblem, str]:
    """Returns the problems of a stage with their descriptions."""
    found = {}
    is_held = held >= stage.hold_time
    if check.sample_ratio_p_value < _SRM_ALPHA:
        found[StageProblem.SAMPLE_RATIO_MISMATCH] = (
            f"sample ratio mismatch: units are not distributed as planned (p = {check.sample_ratio_p_value:.2g})"
        )
    # In the stage of all units no unit has the old variant.
    is_empty = check.new_units == 0 or (stage.share < 1.0 and check.old_units == 0)
    if is_empty and is_held:
        found[StageProblem.NO_TRAFFIC] = "no units in one of the variants"
    # The effective number of units is not a whole number.
    if is_held and check.known_outcomes is not None and check.known_outcomes < needed - 1e-6:
        found[StageProblem.NO_OUTCOMES] = (
            f"prediction errors are known for {check.known_outcomes:.0f} units of a variant; {needed} are needed"
        )
    if check.crossed_count:
        found[StageProblem.CROSSED_UNITS] = f"{check.crossed_count} units were seen in both variants"
    return found
