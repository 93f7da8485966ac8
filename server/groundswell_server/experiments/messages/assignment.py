"""Units that are to be assigned, and what they get."""

from __future__ import annotations

from functools import partial
from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import json_in
from groundswell_server.experiments.assignment.assignments import AssignedUnit, AssignmentRequest
from groundswell_server.experiments.assignment.sticky_choices import Attributes
from groundswell_server.experiments.catalog.assigner import Assigner


def assignment_request_in(request: pb.AssignVariantRequest | pb.EvaluateVariantRequest) -> AssignmentRequest:
    """The unit that a request is about."""
    return AssignmentRequest(request.experiment_key, request.unit, partial(_attributes_in, request))


def _attributes_in(request: pb.AssignVariantRequest | pb.EvaluateVariantRequest, assigner: Assigner) -> Attributes:
    return (json_in(request, "attributes") or {}) if assigner.asks_attributes else {}


def assignment_message(assigned: AssignedUnit) -> pb.Assignment:
    """What a unit gets, as a message."""
    assigner, unit, answer = assigned
    variant = assigner.design.variants[answer.variant]
    reason: Any = answer.reason.value
    message = pb.Assignment(
        experiment_key=assigner.key,
        unit=unit,
        variant=variant.key,
        is_enrolled=answer.is_enrolled,
        reason=reason,
        probability=answer.probability,
    )
    if variant.payload:
        message.payload.update(variant.payload)
    return message
