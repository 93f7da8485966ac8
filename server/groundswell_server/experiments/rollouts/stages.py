"""The stages of a rollout, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum


@dataclass(frozen=True, slots=True)
class Stage:
    """A share of the units, held for a while."""

    share: float
    """0 to 1, of all units."""
    hold: timedelta


DEFAULT_STAGES = tuple(Stage(share, timedelta(hours=24)) for share in (0.01, 0.05, 0.10, 0.25, 0.50, 1.00))


def check_stages(stages: Sequence[Stage]) -> None:
    """ValueError unless shares rise, end at 1, and no hold is negative."""
    shares = [stage.share for stage in stages]
    if not shares or shares[-1] != 1.0:
        raise ValueError("the last stage has to reach all units")
    if any(later <= earlier for earlier, later in zip([0.0, *shares], shares, strict=False)):
        raise ValueError("every stage has to reach more units than the one before")
    if any(stage.hold < timedelta(0) for stage in stages):
        raise ValueError("a stage can't be held for less than no time")


class Reaction(IntEnum):
    """What to do about a doubt that is no broken guardrail; names and numbers are those of the contract."""

    UNSPECIFIED = 0
    HOLD = 1
    ROLL_BACK = 2
    WARN = 3


class Doubt(Enum):
    """Why a stage can't be judged, in words."""

    MISMATCH = "units are not shared out as planned"
    NO_TRAFFIC = "no units came by"
    BOTH_SIDES = "units were seen on both sides"


@dataclass(frozen=True, slots=True)
class Reactions:
    """What to do about each doubt."""

    mismatch: Reaction = Reaction.HOLD
    no_traffic: Reaction = Reaction.HOLD
    both_sides: Reaction = Reaction.WARN


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What is known of a guardrail."""

    metric: str
    harm_p: float
    """One-sided and always valid: against what is new being no worse."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known while a stage is held."""

    held: timedelta
    """Time since the stage began, without pauses."""
    guardrails: Sequence[Guardrail]
    mismatch_p: float
    """Of the sample ratio test that allows any number of looks."""
    new_units: int
    old_units: int
    """Compared in this stage."""
    both_sides: int
    """Units seen on both sides."""


class Step(Enum):
    """What happens to a rollout."""

    STAY = "stay"
    ADVANCE = "advance"
    COMPLETE = "complete"
    ROLL_BACK = "roll back"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do, and why."""

    step: Step
    reason: str
    warnings: tuple[str, ...] = ()


def next_step(
    stages: Sequence[Stage],
    current: int,
    watched: Watched,
    reactions: Reactions,
    *,
    alpha: float = 0.05,
    mismatch_alarm: float = 0.001,
) -> NextStep:
    """What to do at stage `current`, by index.

    A broken guardrail rolls back at once; `alpha` is shared out among the guardrails. Then come doubts, each with the
    reaction that was asked for, then the time.
    """
    broken = [one for one in watched.guardrails if one.harm_p * len(watched.guardrails) < alpha]
    if broken:
        worst = min(broken, key=lambda one: one.harm_p)
        return NextStep(Step.ROLL_BACK, f"the guardrail {worst.metric} is broken (p = {worst.harm_p:.2g})")
    last = current == len(stages) - 1
    doubts = _doubts(stages[current], watched, reactions, mismatch_alarm)
    warnings = tuple(told for reaction, told in doubts if reaction is Reaction.WARN)
    for wanted, step in ((Reaction.ROLL_BACK, Step.ROLL_BACK), (Reaction.HOLD, Step.STAY)):
        for reaction, told in doubts:
            if reaction is wanted:
                return NextStep(step, told, warnings)
    if watched.held < stages[current].hold:
        return NextStep(Step.STAY, f"held {watched.held} of {stages[current].hold}", warnings)
    if last:
        return NextStep(Step.COMPLETE, "all units have it, and the last stage was held", warnings)
    return NextStep(Step.ADVANCE, f"held {watched.held}, and no guardrail is broken", warnings)


def _doubts(stage: Stage, watched: Watched, reactions: Reactions, alarm: float) -> list[tuple[Reaction, str]]:
    found = []
    if watched.mismatch_p < alarm:
        found.append((reactions.mismatch, f"{Doubt.MISMATCH.value} (p = {watched.mismatch_p:.2g})"))
    # Nobody is left on the old side once all units have what is new.
    nobody = watched.new_units == 0 or (stage.share < 1.0 and watched.old_units == 0)
    if nobody and watched.held >= stage.hold:
        found.append((reactions.no_traffic, Doubt.NO_TRAFFIC.value))
    if watched.both_sides:
        found.append((reactions.both_sides, f"{Doubt.BOTH_SIDES.value} ({watched.both_sides})"))
    return found
