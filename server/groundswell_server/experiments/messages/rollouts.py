"""Messages of rollouts, and the requests to LearningService that rollouts make."""

from __future__ import annotations

from groundswell.v1 import experiments_pb2 as pb
from groundswell.v1 import learning_pb2
from groundswell_server.conversions.protobuf_conversions import given_in, shared_fields
from groundswell_server.experiments.rollout_checks.model_steps import ModelStep
from groundswell_server.experiments.rollouts.design import RolloutDesign
from groundswell_server.experiments.rollouts.evaluator import Evaluation
from groundswell_server.experiments.rollouts.rollout import Rollout

_TYPE_PREFIX = "MODEL_TYPE_"


def rollout_design_in(message: pb.RolloutDesign) -> RolloutDesign:
    """Returns the design of a message; absent fields have the defaults of `RolloutDesign`."""
    return given_in(RolloutDesign, message, "design.")


def rollout_message(rollout: Rollout) -> pb.Rollout:
    """Returns the message of a rollout."""
    message = pb.Rollout(**shared_fields(pb.Rollout, rollout))
    if rollout.model_type:
        message.model.model_id = rollout.design.model_id
        message.model.model_type = _type_number(rollout.model_type)
        message.model.state = pb.RolloutModelState.ValueType(rollout.model_state)
        message.model.previous_model_id = rollout.previous_model_id
    return message


def evaluation_message(evaluation: Evaluation) -> pb.EvaluateRolloutResponse:
    """Returns the message of a unit's evaluation."""
    return pb.EvaluateRolloutResponse(**shared_fields(pb.EvaluateRolloutResponse, evaluation))


def promotion_request(step: ModelStep) -> learning_pb2.PromoteModelRequest:
    """Returns the request that makes a version live."""
    return learning_pb2.PromoteModelRequest(model_id=step.model_id, request_id=step.request_id)


def retired_id(response: learning_pb2.PromoteModelResponse) -> str:
    """Returns the version that was live before; empty without one."""
    return response.retired_model.id


def model_request(step: ModelStep) -> learning_pb2.GetModelRequest:
    """Returns the request that reads a version."""
    return learning_pb2.GetModelRequest(model_id=step.model_id)


def is_live(response: learning_pb2.GetModelResponse) -> bool:
    """Returns True when the version is live."""
    return response.model.stage == learning_pb2.MODEL_STAGE_LIVE


def model_rollback_request(step: ModelStep) -> learning_pb2.RollBackModelRequest:
    """Returns the request that makes the previous version live again."""
    return learning_pb2.RollBackModelRequest(
        model_type=_type_number(step.model_type), model_id=step.previous_model_id, request_id=step.request_id
    )


def _type_number(model_type: str) -> learning_pb2.ModelType.ValueType:
    return learning_pb2.ModelType.Value(_TYPE_PREFIX + model_type)
