"""What is rolled out, how fast, and what stops it: defaults filled in, contradictions refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from groundswell_server.experiments.design.design import Metric, invalid
from groundswell_server.experiments.design.design_json import metric_of, object_of
from groundswell_server.experiments.design.validation import complete_metrics
from groundswell_server.experiments.enums import Direction, MetricKind, MetricRole
from groundswell_server.experiments.rollouts.stages import (
    DEFAULT_REACTIONS,
    DEFAULT_STAGES,
    Reaction,
    Reactions,
    Stage,
    check_stages,
)
from groundswell_server.models import model_types

_FEWEST_COMPARED = 60.0
"""Units, half of them new, for which no test is planned to be sharpest below."""

_OUTCOME_MARGIN = timedelta(hours=24)
"""For posts of the first day of a stage to reach the target age, and for their outcome to be told."""
PREDICTION_ERROR = Metric(
    "prediction_error",
    MetricKind.RATIO,
    MetricRole.GUARDRAIL,
    Direction.DECREASE,
    event="prediction_error",
    denominator_event="prediction_outcome",
)
"""Mean error of the predictions for a unit's posts: their sum over their number, whatever that is."""


@dataclass(frozen=True, slots=True)
class RolloutDesign:
    """What is rolled out, how fast, and what stops it."""

    description: str = ""
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    default_holds: frozenset[int] = frozenset()
    """Positions of the stages that nobody said a hold time for: what is rolled out decides it."""
    metrics: tuple[Metric, ...] = ()
    reactions: Reactions = DEFAULT_REACTIONS
    confidence_level: float = 0.95
    expected_units: int = 10_000
    """Of all there are, that come by while a stage is held."""
    model_id: str = ""

    @property
    def last(self) -> int:
        """Position of the stage that reaches all units."""
        return len(self.stages) - 1

    @property
    def alpha(self) -> float:
        """Share of harmless rollouts that a stage may roll back: the stages that compare divide it among them."""
        return (1.0 - self.confidence_level) / max(self.last, 1)

    def planned_units(self, position: int) -> float:
        """Units of both sides that are expected to be compared in a stage."""
        share = self.stages[position].share
        return max(self.expected_units * 2.0 * min(share, 1.0 - share), _FEWEST_COMPARED)


def guarded(design: RolloutDesign, model_type: str, target_age: timedelta) -> RolloutDesign:
    """The design of a model's rollout, guarded by what LearningService finds out about its predictions, if it does.

    It gets a guardrail where it has none, and stages are held until outcomes, which take `target_age`, are known.
    """
    if not model_types.is_measured(model_type):
        return design
    hold = target_age + _OUTCOME_MARGIN
    stages = (
        replace(stage, hold=hold) if position in design.default_holds else stage
        for position, stage in enumerate(design.stages)
    )
    return _with_guardrail(replace(design, stages=tuple(stages)))


def _with_guardrail(design: RolloutDesign) -> RolloutDesign:
    roles = {metric.role or MetricRole.GUARDRAIL for metric in design.metrics}
    names = {metric.name for metric in design.metrics}
    if MetricRole.GUARDRAIL in roles or PREDICTION_ERROR.name in names:
        return design
    return replace(design, metrics=(*design.metrics, PREDICTION_ERROR))


def complete(design: RolloutDesign) -> RolloutDesign:
    """The design with everything that was left out; raises InvalidArgument (`EXPERIMENT_INVALID`) naming the field."""
    try:
        check_stages(design.stages)
    except ValueError as error:
        raise invalid("stages", str(error)) from error
    if design.model_id and not design.last:
        raise invalid("stages", "are two at least where a model is rolled out: it is made live for the last one")
    for position, metric in enumerate(design.metrics):
        if metric.role is MetricRole.PRIMARY:
            raise invalid(f"metrics[{position}].role", "is GUARDRAIL or SECONDARY: nothing is won in a rollout")
    guardrails = [replace(metric, role=metric.role or MetricRole.GUARDRAIL) for metric in design.metrics]
    return replace(design, metrics=complete_metrics(guardrails), default_holds=frozenset())


def record_of(design: RolloutDesign) -> dict[str, Any]:
    """The design as a JSON object."""
    record = object_of(design)
    del record["default_holds"]
    record["stages"] = [{"share": stage.share, "hold": stage.hold.total_seconds()} for stage in design.stages]
    record["metrics"] = [object_of(metric) for metric in design.metrics]
    record["reactions"] = object_of(design.reactions)
    return record


def design_of(record: Mapping[str, Any]) -> RolloutDesign:
    """The design of a JSON object."""
    return RolloutDesign(
        **{
            **record,
            "stages": tuple(Stage(one["share"], timedelta(seconds=one["hold"])) for one in record["stages"]),
            "metrics": tuple(metric_of(metric) for metric in record["metrics"]),
            "reactions": Reactions(**{name: Reaction(value) for name, value in record["reactions"].items()}),
        }
    )
