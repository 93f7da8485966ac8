"""Contexts between protobuf and the domain."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, json_in, paths_in
from groundswell_server.engagement.contexts.contexts import Context, ContextDraft, ContextEnd
from groundswell_server.engagement.contexts.lifecycle import TraceArtifact
from groundswell_server.engagement.messages.edits import changes_in
from groundswell_storage.engagement.enums import Complexity, Confidence, ContextState

_CHANGEABLE = frozenset(
    {"note", "complexity", "state", "confidence", "validation", "input", "output", "assigned_agent", "strategy"}
)
"""What an update can change."""


def context_draft(request: pb.StartContextRequest) -> ContextDraft:
    """What a context is opened with."""
    return ContextDraft(
        phase=request.phase,
        persona_id=request.persona_id,
        note=request.note,
        complexity=Complexity(request.complexity),
        state=ContextState(request.state),
        confidence=Confidence(request.confidence),
        input=json_in(request, "input"),
        assigned_agent=request.assigned_agent,
        strategy=json_in(request, "strategy"),
    )


def context_changes(request: pb.UpdateContextRequest) -> dict[str, Any]:
    """The new values of the fields that an update names."""
    return changes_in(request.context, paths_in(request.update_mask, request.context, _CHANGEABLE), "context")


def context_end(request: pb.FinishContextRequest) -> ContextEnd:
    """How a context ends."""
    return ContextEnd(
        state=ContextState(request.state),
        output=json_in(request, "output"),
        confidence=Confidence(request.confidence),
        trace_artifacts=[TraceArtifact(each.type, each.message, each.location) for each in request.trace_artifacts],
    )


def context_message(context: Context) -> pb.Context:
    """A context as the contract has it."""
    return pb.Context(**fields_of(context))
