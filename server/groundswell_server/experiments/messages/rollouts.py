"""Rollouts between protobuf and the domain, and what LearningService is asked on their behalf."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell.v1 import learning_pb2
from groundswell_server.conversions.protobuf_conversions import fields_of
from groundswell_server.experiments.messages.design import metric_in
from groundswell_server.experiments.rollout_checks.model_steps import ModelStep
from groundswell_server.experiments.rollouts.design import RolloutDesign
from groundswell_server.experiments.rollouts.rollout import Rollout, StageRecord
from groundswell_server.experiments.rollouts.stage_split import Draw
from groundswell_server.experiments.rollouts.stages import DEFAULT_HOLD, DEFAULT_STAGES, Reaction, Reactions, Stage

_TYPE_PREFIX = "MODEL_TYPE_"


def rollout_design_in(message: pb.RolloutDesign) -> RolloutDesign:
    """The design that a request asks for; what is absent is the default."""
    given: dict[str, Any] = {}
    stages = DEFAULT_STAGES
    if message.stages:
        stages = tuple(Stage(one.share, _hold_in(one)) for one in message.stages)
    held = {position for position, one in enumerate(message.stages) if one.HasField("hold")}
    if message.HasField("confidence_level"):
        given["confidence_level"] = message.confidence_level
    if message.expected_units:
        given["expected_units"] = message.expected_units
    wanted = {field.name: Reaction(value) for field, value in message.reactions.ListFields()}
    return RolloutDesign(
        description=message.description,
        stages=stages,
        default_holds=frozenset(range(len(stages))) - held,
        metrics=tuple(metric_in(one) for one in message.metrics),
        reactions=Reactions(**wanted),
        model_id=message.model_id,
        **given,
    )


def rollout_message(rollout: Rollout) -> pb.Rollout:
    """A rollout as a message."""
    names = ("id", "key", "state", "share", "note", "create_time", "update_time", "end_time", "etag")
    values: dict[str, Any] = {name: getattr(rollout, name) for name in names}
    message = pb.Rollout(**values, stages=[_stage_message(stage) for stage in rollout.stages])
    _fill_design(message.design, rollout.design)
    if rollout.model_type:
        state: Any = rollout.model_state.value
        message.model.MergeFrom(
            pb.RolloutModel(
                model_id=rollout.design.model_id,
                model_type=_type_number(rollout.model_type),
                state=state,
                previous_model_id=rollout.previous_model_id,
            )
        )
    return message


def evaluation_message(rollout: Rollout, unit: str, found: Draw, *, is_compared: bool) -> pb.EvaluateRolloutResponse:
    """What a unit gets, as a message."""
    return pb.EvaluateRolloutResponse(
        rollout_key=rollout.key,
        unit=unit,
        is_on=found.is_on,
        is_compared=is_compared,
        model_id=rollout.design.model_id if found.is_on else "",
    )


def promotion_request(step: ModelStep) -> learning_pb2.PromoteModelRequest:
    """Asks LearningService to make a version live."""
    return learning_pb2.PromoteModelRequest(model_id=step.model_id, request_id=step.request_id)


def retired_id(response: learning_pb2.PromoteModelResponse) -> str:
    """The version that was live before; empty where none was."""
    return response.retired_model.id


def model_request(step: ModelStep) -> learning_pb2.GetModelRequest:
    """Asks LearningService where a version stands."""
    return learning_pb2.GetModelRequest(model_id=step.model_id)


def is_live(response: learning_pb2.GetModelResponse) -> bool:
    """Whether it is live."""
    return response.model.stage == learning_pb2.MODEL_STAGE_LIVE


def return_request(step: ModelStep) -> learning_pb2.RollBackModelRequest:
    """Asks LearningService to make the version live again that was live before."""
    return learning_pb2.RollBackModelRequest(
        model_type=_type_number(step.model_type), model_id=step.previous_model_id, request_id=step.request_id
    )


def _hold_in(message: pb.RolloutStage) -> timedelta:
    return timedelta(seconds=message.hold.seconds) if message.HasField("hold") else DEFAULT_HOLD


def _fill_design(message: pb.RolloutDesign, design: RolloutDesign) -> None:
    names = ("description", "confidence_level", "expected_units", "model_id")
    plain: dict[str, Any] = {name: getattr(design, name) for name in names}
    message.MergeFrom(pb.RolloutDesign(**plain, reactions=pb.RolloutReactions(**fields_of(design.reactions))))
    for stage in design.stages:
        message.stages.add(share=stage.share, hold=stage.hold)
    for metric in design.metrics:
        message.metrics.add(**fields_of(metric))


def _stage_message(stage: StageRecord) -> pb.RolloutStageRecord:
    names = ("share", "start_time", "end_time", "held", "reason")
    values: dict[str, Any] = {name: getattr(stage, name) for name in names}
    check = None if stage.check is None else pb.RolloutCheck(**fields_of(stage.check))
    return pb.RolloutStageRecord(**values, check=check)


def _type_number(model_type: str) -> learning_pb2.ModelType.ValueType:
    return learning_pb2.ModelType.Value(_TYPE_PREFIX + model_type)
