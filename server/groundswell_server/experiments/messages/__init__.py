"""Experiments between protobuf and the domain."""

from groundswell_server.experiments.messages.analysis import look_message, plan_message, question_in, seen_message
from groundswell_server.experiments.messages.assignment import Asked, assignment_message, attributes_in
from groundswell_server.experiments.messages.design import design_in, experiment_message
from groundswell_server.experiments.messages.events import events_in, outcome_message

__all__ = [
    "Asked",
    "assignment_message",
    "attributes_in",
    "design_in",
    "events_in",
    "experiment_message",
    "look_message",
    "outcome_message",
    "plan_message",
    "question_in",
    "seen_message",
]
