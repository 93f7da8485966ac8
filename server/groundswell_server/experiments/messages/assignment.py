"""Messages of assignments."""

from __future__ import annotations

from functools import partial
from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import json_in
from groundswell_server.experiments.assignment.assignments import AssignedUnit, AssignmentRequest
from groundswell_server.experiments.assignment.bandit_choices import Attributes
from groundswell_server.experiments.catalog.assigner import Assigner

Request = pb.AssignVariantRequest | pb.EvaluateVariantRequest


def assignment_request_in(request: Request) -> AssignmentRequest:
    """Returns the unit of a request."""
    return AssignmentRequest(request.experiment_key, request.unit, partial(_attributes_in, request))


def _attributes_in(request: Request, assigner: Assigner) -> Attributes:
    return (json_in(request, "attributes") or {}) if assigner.asks_attributes else {}


def assignment_message(assigned: AssignedUnit) -> pb.Assignment:
    """Returns the message of an assignment.

    Written out, because it is on the path of AssignVariant, where a generic conversion costs more than the assignment.
    """
    assigner, unit, assignment = assigned
    variant = assigner.design.variants[assignment.variant]
    reason: Any = assignment.reason.value
    message = pb.Assignment(
        experiment_key=assigner.key,
        unit=unit,
        variant=variant.key,
        is_enrolled=assignment.is_enrolled,
        reason=reason,
        probability=assignment.probability,
    )
    if variant.payload:
        message.payload.update(variant.payload)
    return message
