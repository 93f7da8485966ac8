"""Experiments between protobuf and the domain."""

from groundswell_server.experiments.messages.analysis import look_message, seen_message
from groundswell_server.experiments.messages.assignment import asked_in, assignment_message
from groundswell_server.experiments.messages.design import design_in, experiment_message
from groundswell_server.experiments.messages.events import events_in, outcome_message
from groundswell_server.experiments.messages.planning import plan_message, question_in
from groundswell_server.experiments.messages.rollouts import (
    is_live,
    model_request,
    promotion_request,
    resolution_message,
    retired_id,
    return_request,
    rollout_design_in,
    rollout_message,
)

__all__ = [
    "asked_in",
    "assignment_message",
    "design_in",
    "events_in",
    "experiment_message",
    "is_live",
    "look_message",
    "model_request",
    "outcome_message",
    "plan_message",
    "promotion_request",
    "question_in",
    "resolution_message",
    "retired_id",
    "return_request",
    "rollout_design_in",
    "rollout_message",
    "seen_message",
]
