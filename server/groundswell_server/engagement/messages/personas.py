"""Messages of personas."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import changes_in, message_of, record_in
from groundswell_server.engagement.personas import Persona, PersonaDraft


def persona_draft(request: pb.CreatePersonaRequest) -> PersonaDraft:
    """Returns the fields of a new persona."""
    return record_in(PersonaDraft, request)


def persona_changes(request: pb.UpdatePersonaRequest) -> dict[str, Any]:
    """Returns the new values of the fields that an update names."""
    return changes_in(PersonaDraft, request.update_mask, request.persona, "persona.")


def persona_message(persona: Persona) -> pb.Persona:
    """Returns a persona as the contract has it."""
    return message_of(pb.Persona, persona)
