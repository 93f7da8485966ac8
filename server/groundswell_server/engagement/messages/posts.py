"""Messages of posts."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import changes_in, message_of, record_in
from groundswell_server.engagement.posts.posts import Post, PostDraft, normalize_tag_filter
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
"""The fields that an update can change."""


def post_draft(
    message: pb.CreatePostRequest | pb.ImportedPost, *, persona_id: str = "", context_id: str = ""
) -> PostDraft:
    """Returns a post to record or to import; the persona of an import is found by name."""
    return record_in(PostDraft, message, persona_id=persona_id, context_id=context_id)


def post_changes(request: pb.UpdatePostRequest) -> dict[str, Any]:
    """Returns the new values of the fields that an update names."""
    return changes_in(Post, request.update_mask, request.post, "post.", _CHANGEABLE)


def post_filter(request: pb.ListPostsRequest) -> PostFilter:
    """Returns the filter of the posts to list."""
    return record_in(PostFilter, request, hashtag=normalize_tag_filter(request.hashtag))


def post_message(post: Post) -> pb.Post:
    """Returns a post as the contract has it."""
    return message_of(pb.Post, post)
