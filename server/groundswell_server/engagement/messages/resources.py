"""Messages of resources: personas, contexts, posts, connections and workspace settings."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import changes_in, message_of, record_in
from groundswell_server.engagement.connections.connections import Connection, ConnectionDraft
from groundswell_server.engagement.contexts.contexts import Context, ContextDraft, ContextEnd
from groundswell_server.engagement.personas import Persona, PersonaDraft
from groundswell_server.engagement.posts.posts import Post, PostDraft, normalize_tag_filter
from groundswell_server.engagement.workspace_settings import EngagementSettings
from groundswell_storage.engagement.posts import PostFilter

_CHANGEABLE_IN_CONTEXT = frozenset(
    {"note", "complexity", "state", "confidence", "validation", "input", "output", "assigned_agent", "strategy"}
)
_CHANGEABLE_IN_POST = frozenset(
    {
        "content_id",
        "content_type",
        "category",
        "caption",
        "hashtags",
        "mentions",
        "media_type",
        "permalink",
        "attributes",
    }
)


def persona_draft(request: pb.CreatePersonaRequest) -> PersonaDraft:
    """Returns the fields of a new persona."""
    return record_in(PersonaDraft, request)


def persona_changes(request: pb.UpdatePersonaRequest) -> dict[str, Any]:
    """Returns the new values of the fields that an update names."""
    return changes_in(PersonaDraft, request.update_mask, request.persona, "persona.")


def persona_message(persona: Persona) -> pb.Persona:
    """Returns a persona as the contract has it."""
    return message_of(pb.Persona, persona)


def context_draft(request: pb.StartContextRequest) -> ContextDraft:
    """Returns the fields of a new context."""
    return record_in(ContextDraft, request)


def context_changes(request: pb.UpdateContextRequest) -> dict[str, Any]:
    """Returns the new values of the fields that an update names."""
    return changes_in(Context, request.update_mask, request.context, "context.", _CHANGEABLE_IN_CONTEXT)


def context_end(request: pb.FinishContextRequest) -> ContextEnd:
    """Returns how a context ends."""
    return record_in(ContextEnd, request)


def context_message(context: Context) -> pb.Context:
    """Returns a context as the contract has it."""
    return message_of(pb.Context, context)


def post_draft(
    message: pb.CreatePostRequest | pb.ImportedPost, *, persona_id: str = "", context_id: str = ""
) -> PostDraft:
    """Returns a post to record or to import; the persona of an import is found by name."""
    return record_in(PostDraft, message, persona_id=persona_id, context_id=context_id)


def post_changes(request: pb.UpdatePostRequest) -> dict[str, Any]:
    """Returns the new values of the fields that an update names."""
    return changes_in(Post, request.update_mask, request.post, "post.", _CHANGEABLE_IN_POST)


def post_filter(request: pb.ListPostsRequest) -> PostFilter:
    """Returns the filter of the posts to list."""
    return record_in(PostFilter, request, hashtag=normalize_tag_filter(request.hashtag))


def post_message(post: Post) -> pb.Post:
    """Returns a post as the contract has it."""
    return message_of(pb.Post, post)


def connection_draft(request: pb.ConnectPlatformRequest) -> ConnectionDraft:
    """Returns the connection to make."""
    return record_in(ConnectionDraft, request)


def connection_message(connection: Connection) -> pb.PlatformConnection:
    """Returns the message of a connection."""
    return message_of(pb.PlatformConnection, connection)


def settings_message(settings: EngagementSettings) -> pb.EngagementSettings:
    """Returns the message of a workspace's settings."""
    return message_of(pb.EngagementSettings, settings)
