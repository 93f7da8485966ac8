"""What units get, as messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.experiments.assignment import Answer, Assigner
from groundswell_server.wellknown import json_in

Asked = pb.AssignVariantRequest | pb.PeekVariantRequest


def attributes_in(assigner: Assigner, request: Asked) -> Mapping[str, Any]:
    """What is known of a unit; not read where nobody asks for it."""
    return (json_in(request, "attributes") or {}) if assigner.asks_attributes else {}


def assignment_message(assigner: Assigner, unit: str, answer: Answer) -> pb.Assignment:
    """What a unit gets, as a message."""
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
