"""Posts between protobuf and the domain."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, json_in, paths_in, time_in
from groundswell_server.engagement.messages.edits import changes_in
from groundswell_server.engagement.posts.posts import Post, PostDraft, normalize_tag_filter
from groundswell_storage.engagement.enums import ContentType, MediaType, Platform
from groundswell_storage.engagement.posts import PostFilter

_CHANGEABLE = frozenset(
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
"""What an update can change."""


def post_draft(
    message: pb.CreatePostRequest | pb.ImportedPost, *, persona_id: str = "", context_id: str = ""
) -> PostDraft:
    """A post to record, or to import: its persona is then found by name."""
    return PostDraft(
        persona_id=persona_id,
        context_id=context_id,
        platform=Platform(message.platform),
        platform_post_id=message.platform_post_id,
        content_type=ContentType(message.content_type),
        category=message.category,
        content_id=message.content_id,
        caption=message.caption,
        hashtags=message.hashtags,
        mentions=message.mentions,
        media_type=MediaType(message.media_type),
        publish_time=time_in(message, "publish_time"),
        permalink=message.permalink,
        attributes=json_in(message, "attributes"),
    )


def post_changes(request: pb.UpdatePostRequest) -> dict[str, Any]:
    """The new values of the fields that an update names."""
    return changes_in(request.post, paths_in(request.update_mask, request.post, _CHANGEABLE), "post")


def post_filter(request: pb.ListPostsRequest) -> PostFilter:
    """Which posts to list."""
    return PostFilter(
        persona_id=request.persona_id,
        context_id=request.context_id,
        platform=request.platform,
        category=request.category,
        hashtag=normalize_tag_filter(request.hashtag),
        published_from=time_in(request, "published_from"),
        published_before=time_in(request, "published_before"),
    )


def post_message(post: Post) -> pb.Post:
    """A post as the contract has it."""
    return pb.Post(**fields_of(post))
