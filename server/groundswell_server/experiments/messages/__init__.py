"""Conversions between the messages of ExperimentsService and the domain."""

from groundswell_server.experiments.messages.analysis import analysis_message, watch_message
from groundswell_server.experiments.messages.assignment import assignment_message, assignment_request_in
from groundswell_server.experiments.messages.design import (
    design_in,
    experiment_message,
    plan_inputs_in,
    plan_message,
)
from groundswell_server.experiments.messages.events import events_in, outcome_message
from groundswell_server.experiments.messages.rollouts import (
    evaluation_message,
    is_live,
    model_request,
    model_rollback_request,
    promotion_request,
    retired_id,
    rollout_design_in,
    rollout_message,
)

__all__ = [
    "analysis_message",
    "assignment_message",
    "assignment_request_in",
    "design_in",
    "evaluation_message",
    "events_in",
    "experiment_message",
    "is_live",
    "model_request",
    "model_rollback_request",
    "outcome_message",
    "plan_inputs_in",
    "plan_message",
    "promotion_request",
    "retired_id",
    "rollout_design_in",
    "rollout_message",
    "watch_message",
]
