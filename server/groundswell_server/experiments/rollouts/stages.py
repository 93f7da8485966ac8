"""The stages of a rollout, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum

from groundswell_server.conversions.durations import in_words
from groundswell_server.experiments.enums import MIN_UNITS_PER_VARIANT


@dataclass(frozen=True, slots=True)
class Stage:
    """A share of the units, held for a while."""

    share: float
    """0 to 1, of all units."""
    hold: timedelta


DEFAULT_HOLD = timedelta(hours=24)
DEFAULT_STAGES = tuple(Stage(share, DEFAULT_HOLD) for share in (0.01, 0.05, 0.10, 0.25, 0.50, 1.00))
_SRM_ALPHA = 0.001
"""p-value from which down a mismatch of the sides is a doubt."""


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


class StageProblem(IntEnum):
    """Why a stage can't be judged; numbers are those of the contract."""

    SAMPLE_RATIO_MISMATCH = 1
    NO_TRAFFIC = 2
    CROSSED_UNITS = 3
    NO_OUTCOMES = 4


@dataclass(frozen=True, slots=True)
class Reactions:
    """What to do about each doubt."""

    sample_ratio_mismatch: Reaction = Reaction.HOLD
    no_traffic: Reaction = Reaction.HOLD
    crossed_units: Reaction = Reaction.WARN
    no_outcomes: Reaction = Reaction.HOLD

    def to(self, doubt: StageProblem) -> Reaction:
        """What to do about this doubt."""
        return {
            StageProblem.SAMPLE_RATIO_MISMATCH: self.sample_ratio_mismatch,
            StageProblem.NO_TRAFFIC: self.no_traffic,
            StageProblem.CROSSED_UNITS: self.crossed_units,
            StageProblem.NO_OUTCOMES: self.no_outcomes,
        }[doubt]


DEFAULT_REACTIONS = Reactions()


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What is known of a guardrail."""

    metric: str
    harm_p: float
    """One-sided and always valid: against what is new being no worse."""


@dataclass(frozen=True, slots=True)
class StageEvidence:
    """What is known while a stage is held."""

    held: timedelta
    """Time since the stage began, without pauses."""
    guardrails: Sequence[Guardrail]
    srm_p: float
    """Of the sample ratio test that allows any number of looks."""
    new_units: int
    old_units: int
    """Compared in this stage."""
    crossed_units: int
    """Units seen on both sides."""
    outcomes: float | None = None
    """Units on the side with fewer of them whose prediction's error is known; None where none becomes known."""


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
    """For a doubt that only warns, the warning is part of it."""
    problems: tuple[StageProblem, ...] = ()
    """All that there are, whatever they lead to."""


def next_step(
    stages: Sequence[Stage],
    current: int,
    watched: StageEvidence,
    reactions: Reactions,
    *,
    alpha: float = 0.05,
) -> NextStep:
    """What to do at stage `current`, by index.

    A broken guardrail rolls back at once; `alpha` is shared out among the guardrails. Then come doubts, each with the
    reaction that was asked for, then the time.
    """
    doubts = _doubts(stages[current], watched, _outcomes_needed(stages, current))
    found = tuple(doubts)
    broken = [one for one in watched.guardrails if one.harm_p * len(watched.guardrails) < alpha]
    if broken:
        worst = min(broken, key=lambda one: one.harm_p)
        return NextStep(Step.ROLL_BACK, f"the guardrail {worst.metric} is broken (p = {worst.harm_p:.2g})", found)
    for wanted, step in ((Reaction.ROLL_BACK, Step.ROLL_BACK), (Reaction.HOLD, Step.STAY)):
        for doubt, told in doubts.items():
            if reactions.to(doubt) is wanted:
                return NextStep(step, told, found)
    warned = "".join(f"; warning: {told}" for told in doubts.values())
    if watched.held < stages[current].hold:
        held = f"held {in_words(watched.held)} of {in_words(stages[current].hold)}"
        return NextStep(Step.STAY, f"{held}{warned}", found)
    if current == len(stages) - 1:
        return NextStep(Step.COMPLETE, f"all units have it, and the last stage was held{warned}", found)
    unharmed = ", and no guardrail is broken" if watched.guardrails else ""
    return NextStep(Step.ADVANCE, f"held {in_words(watched.held)}{unharmed}{warned}", found)


def _outcomes_needed(stages: Sequence[Stage], current: int) -> int:
    """Units on each side whose error has to be known before a stage is over.

    What all units get next has to have been compared; before that, few units are at stake, and may be all there are.
    """
    if current == len(stages) - 1:
        return 0
    return MIN_UNITS_PER_VARIANT if current == len(stages) - 2 else 1


def _doubts(stage: Stage, watched: StageEvidence, needed: int) -> dict[StageProblem, str]:
    """What is in doubt, in words."""
    found = {}
    if watched.srm_p < _SRM_ALPHA:
        found[StageProblem.SAMPLE_RATIO_MISMATCH] = f"units are not shared out as planned (p = {watched.srm_p:.2g})"
    # Nobody is left on the old side once all units have what is new.
    nobody = watched.new_units == 0 or (stage.share < 1.0 and watched.old_units == 0)
    if nobody and watched.held >= stage.hold:
        found[StageProblem.NO_TRAFFIC] = "no units came by"
    # As many as weigh alike is no whole number.
    if watched.held >= stage.hold and watched.outcomes is not None and watched.outcomes < needed - 1e-6:
        found[StageProblem.NO_OUTCOMES] = (
            f"errors are known of {watched.outcomes:.0f} units a side; {needed} are needed"
        )
    if watched.crossed_units:
        found[StageProblem.CROSSED_UNITS] = f"units were seen on both sides ({watched.crossed_units})"
    return found
