"""Messages of contexts."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import changes_in, message_of, record_in
from groundswell_server.engagement.contexts.contexts import Context, ContextDraft, ContextEnd

_CHANGEABLE = frozenset(
    {"note", "complexity", "state", "confidence", "validation", "input", "output", "assigned_agent", "strategy"}
)
"""The fields that an update can change."""


def context_draft(request: pb.StartContextRequest) -> ContextDraft:
    """Returns the fields of a new context."""
    return record_in(ContextDraft, request)


def context_changes(request: pb.UpdateContextRequest) -> dict[str, Any]:
    """Returns the new values of the fields that an update names."""
    return changes_in(Context, request.update_mask, request.context, "context.", _CHANGEABLE)


def context_end(request: pb.FinishContextRequest) -> ContextEnd:
    """Returns how a context ends."""
    return record_in(ContextEnd, request)


def context_message(context: Context) -> pb.Context:
    """Returns a context as the contract has it."""
    return message_of(pb.Context, context)
