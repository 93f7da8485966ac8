"""Personas between protobuf and the domain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, paths_in
from groundswell_server.engagement.enums import Platform
from groundswell_server.engagement.personas import Handle, Persona, PersonaDraft

_CHANGEABLE = frozenset({"name", "niche", "handles", "time_zone"})
"""What an update can change."""


def persona_draft(request: pb.CreatePersonaRequest) -> PersonaDraft:
    """What a persona is to be made of."""
    return PersonaDraft(request.name, request.niche, _handles(request.handles), request.time_zone)


def persona_changes(request: pb.UpdatePersonaRequest) -> dict[str, Any]:
    """The new values of the fields that an update names."""
    paths = paths_in(request.update_mask, request.persona, _CHANGEABLE)
    return {
        path: _handles(request.persona.handles) if path == "handles" else getattr(request.persona, path)
        for path in paths
    }


def persona_message(persona: Persona) -> pb.Persona:
    """A persona as the contract has it; the dataclasses of the domain have its fields."""
    return pb.Persona(**fields_of(persona))


def _handles(handles: Iterable[pb.PlatformHandle]) -> tuple[Handle, ...]:
    return tuple(
        Handle(Platform(each.platform), each.handle, each.follower_count if each.HasField("follower_count") else None)
        for each in handles
    )
