"""The design of a rollout: stages, metrics and reactions, with defaults filled in and contradictions refused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import IntEnum

from groundswell_server.experiments.design.design import Metric, invalid
from groundswell_server.experiments.design.validation import complete_metrics
from groundswell_storage.experiments.enums import Direction, MetricKind, MetricRole

DEFAULT_HOLD = timedelta(hours=24)
_MIN_PLANNED_UNITS = 60.0
"""The minimum number of compared units for which a test is planned."""

_MEASURED_TYPES = frozenset({"ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER"})
"""The model types whose prediction errors LearningService records for rollouts."""
_OUTCOME_MARGIN = timedelta(hours=24)
"""The time after the target age for outcomes of a stage's first day to arrive."""
PREDICTION_ERROR = Metric(
    "prediction_error",
    MetricKind.RATIO,
    MetricRole.GUARDRAIL,
    Direction.DECREASE,
    event="prediction_error",
    denominator_event="prediction_outcome",
)
"""The mean error of the predictions for a unit's posts: the sum of the errors over the number of outcomes."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A share of the units that is held for some time."""

    share: float
    """The share of all units, 0 to 1."""
    hold: timedelta | None = None
    """None for the default, which `for_model` and `complete` fill in."""

    @property
    def hold_time(self) -> timedelta:
        """Returns the time for which the stage is held at least."""
        return DEFAULT_HOLD if self.hold is None else self.hold


DEFAULT_STAGES = tuple(Stage(share) for share in (0.01, 0.05, 0.10, 0.25, 0.50, 1.00))


class Reaction(IntEnum):
    """The reactions to a problem of a stage; names and numbers are those of the contract."""

    UNSPECIFIED = 0
    HOLD = 1
    ROLL_BACK = 2
    WARN = 3


class StageProblem(IntEnum):
    """The problems that prevent the assessment of a stage; names and numbers are those of the contract."""

    SAMPLE_RATIO_MISMATCH = 1
    NO_TRAFFIC = 2
    CROSSED_UNITS = 3
    NO_OUTCOMES = 4


@dataclass(frozen=True, slots=True)
class Reactions:
    """The reaction to each problem."""

    sample_ratio_mismatch: Reaction = Reaction.HOLD
    no_traffic: Reaction = Reaction.HOLD
    crossed_units: Reaction = Reaction.WARN
    no_outcomes: Reaction = Reaction.HOLD

    def to(self, problem: StageProblem) -> Reaction:
        """Returns the reaction to this problem."""
        reaction: Reaction = getattr(self, problem.name.lower())
        return reaction


@dataclass(frozen=True, slots=True)
class RolloutDesign:
    """The stages, metrics and reactions of a rollout, as its creator chose them."""

    description: str = ""
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    metrics: tuple[Metric, ...] = ()
    reactions: Reactions = field(default_factory=Reactions)
    confidence_level: float = 0.95
    expected_units: int = 10_000
    """The units, of all there are, that are expected while a stage is held."""
    model_id: str = ""

    @property
    def last(self) -> int:
        """Returns the position of the stage that reaches all units."""
        return len(self.stages) - 1

    @property
    def alpha(self) -> float:
        """Returns the error rate of one stage: the rollout's error rate, divided among the stages with comparisons."""
        return (1.0 - self.confidence_level) / max(self.last, 1)

    def planned_units(self, position: int) -> float:
        """Returns the number of units that are expected to be compared in a stage."""
        share = self.stages[position].share
        return max(self.expected_units * 2.0 * min(share, 1.0 - share), _MIN_PLANNED_UNITS)


def for_model(design: RolloutDesign, model_type: str, target_age: timedelta) -> RolloutDesign:
    """Returns the design of a model's rollout, completed with the errors that LearningService measures.

    A design without a guardrail gets the prediction error as one. The stages without a requested hold time are
    held until outcomes are known, which takes `target_age`.
    """
    if model_type not in _MEASURED_TYPES:
        return design
    hold = target_age + _OUTCOME_MARGIN
    stages = tuple(replace(stage, hold=hold) if stage.hold is None else stage for stage in design.stages)
    roles = {metric.role or MetricRole.GUARDRAIL for metric in design.metrics}
    names = {metric.name for metric in design.metrics}
    if MetricRole.GUARDRAIL in roles or PREDICTION_ERROR.name in names:
        return replace(design, stages=stages)
    return replace(design, stages=stages, metrics=(*design.metrics, PREDICTION_ERROR))


def complete(design: RolloutDesign) -> RolloutDesign:
    """Returns the design with its defaults filled in.

    Raises InvalidArgument (`EXPERIMENT_INVALID`) with the name of the field.
    """
    _check_stages(design)
    for position, metric in enumerate(design.metrics):
        if metric.role is MetricRole.PRIMARY:
            raise invalid(f"metrics[{position}].role", "must be GUARDRAIL or SECONDARY: a rollout has no winner")
    metrics = [replace(metric, role=metric.role or MetricRole.GUARDRAIL) for metric in design.metrics]
    stages = tuple(replace(stage, hold=stage.hold_time) for stage in design.stages)
    return replace(design, stages=stages, metrics=complete_metrics(metrics))


def _check_stages(design: RolloutDesign) -> None:
    shares = [stage.share for stage in design.stages]
    if not shares or shares[-1] != 1.0:
        raise invalid("stages", f"must end with the share 1, got {shares[-1] if shares else 'no stage'}")
    if any(later <= earlier for earlier, later in zip([0.0, *shares], shares, strict=False)):
        raise invalid("stages", f"must have increasing shares above 0, got {shares}")
    if any(stage.hold_time < timedelta(0) for stage in design.stages):
        raise invalid("stages", "must not have a negative hold time")
    if design.model_id and not design.last:
        raise invalid("stages", "must be at least two for a model: the last one makes the version live for all units")
