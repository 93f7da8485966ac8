"""Posts: created with a snapshot of their context, updated, listed, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from groundswell_server.engagement.metrics.engagement_rates import Counts, counts_of
from groundswell_server.engagement.personas import active_persona
from groundswell_server.engagement.posts.captions import (
    hashtags_in,
    mentions_in,
    normalize_hashtag,
    normalize_mention,
    validate_caption,
)
from groundswell_storage import resources
from groundswell_storage.engagement import (
    demographics,
    fingerprints,
    interactions,
    patterns,
    post_syncs,
    posts,
    snapshots,
)
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import ContentType, MediaType, Platform, RateBase
from groundswell_storage.engagement.posts import PostFilter, PostRow
from groundswell_storage.engagement.prediction_facts import prompt_length
from groundswell_storage.errors import AlreadyExists, InvalidArgument
from groundswell_storage.pages import Page
from groundswell_storage.records import record_of
from groundswell_storage.resources import revise
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class PostDraft:
    """A post to record."""

    persona_id: str
    platform: Platform
    platform_post_id: str
    context_id: str = ""
    """Empty when unknown."""
    content_type: ContentType = ContentType.UNSPECIFIED
    """SOCIAL_POST when not given."""
    category: str = ""
    content_id: str = ""
    caption: str = ""
    hashtags: Sequence[str] = ()
    """Extracted from the caption when empty, as are mentions."""
    mentions: Sequence[str] = ()
    media_type: MediaType = MediaType.UNSPECIFIED
    publish_time: datetime | None = None
    """Now when None."""
    permalink: str = ""
    attributes: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """The counts of a post without bots and personas."""

    likes: int | None
    comments: int | None
    shares: int | None
    saves: int | None
    total: int
    bots_filtered: int
    personas_filtered: int
    engagement_rate_pct: float | None
    rate_base: RateBase
    genuine_ratio: float | None
    vs_average_pct: float | None
    estimated: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A published post."""

    id: str
    context_id: str
    persona_id: str
    content_id: str
    content_type: ContentType
    category: str
    platform: Platform
    platform_post_id: str
    caption: str
    hashtags: tuple[str, ...]
    mentions: tuple[str, ...]
    media_type: MediaType
    publish_time: datetime
    permalink: str
    attributes: dict[str, Any] | None
    metrics: Counts | None
    """None before the first snapshot; `engagement` and `fetch_time` likewise."""
    engagement: Engagement | None
    fetch_time: datetime | None
    create_time: datetime
    update_time: datetime
    etag: str


def create_post(scope: Scope, draft: PostDraft) -> Post:
    """Records a post; raises NotFound for its persona or context, AlreadyExists (`POST_ALREADY_EXISTS`).

    Raises InvalidArgument for the context of another persona, because its outcome would be attributed to the wrong
    persona.
    """
    persona = active_persona(scope, draft.persona_id)
    context = scope.get(ContextRow, draft.context_id) if draft.context_id else None
    if context is not None and context.persona_id not in (None, "", draft.persona_id):
        raise InvalidArgument.of("context_id", "must be a context of the same persona")
    values = post_values(scope, draft, persona.followers_on(draft.platform))
    _check_new(scope, draft)
    if not posts.add(scope, [values]):
        _check_new(scope, draft)
    if context is not None:
        posts.add_context_snapshots(scope, [context_at_posting(values["id"], context)])
    row = scope.get(PostRow, values["id"])
    resources.note_created(scope, row)
    return post_of(row)


def post_values(scope: Scope, draft: PostDraft, follower_count: int | None) -> dict[str, Any]:
    """Returns the columns of a new post; raises InvalidArgument."""
    published = draft.publish_time or scope.now
    if published > scope.now:
        raise InvalidArgument.of("publish_time", f"must not be in the future, got {published.isoformat()}")
    validate_caption(draft.caption, "caption")
    return {
        "id": scope.new_id(),
        "context_id": draft.context_id or None,
        "persona_id": draft.persona_id,
        "content_id": draft.content_id,
        "content_type": draft.content_type or ContentType.SOCIAL_POST,
        "category": draft.category,
        "platform": draft.platform,
        "platform_post_id": draft.platform_post_id,
        "caption": draft.caption,
        "hashtags": _hashtags(draft.hashtags, "hashtags") or list(hashtags_in(draft.caption)),
        "mentions": _mentions(draft.mentions, "mentions") or list(mentions_in(draft.caption)),
        "media_type": draft.media_type,
        "publish_time": published,
        "permalink": draft.permalink,
        "attributes": draft.attributes,
        "follower_count": follower_count,
        "tallies": {},
        "create_time": scope.now,
        "update_time": scope.now,
    }


def context_at_posting(post_id: str, context: ContextRow) -> dict[str, Any]:
    """Returns the columns of the context snapshot, which models learn from."""
    return {
        "post_id": post_id,
        "context_id": context.id,
        "phase": context.phase,
        "complexity": context.complexity,
        "state": context.state,
        "confidence": context.confidence,
        "validation": context.validation,
        "agent_assigned": bool(context.assigned_agent),
        "prompt_length": prompt_length(context.input),
        "input": context.input,
        "strategy": context.strategy,
    }


def get_post(scope: Scope, id: str) -> Post:
    """Returns a post; raises NotFound."""
    return post_of(scope.get(PostRow, id))


def get_posts(scope: Scope, ids: Sequence[str]) -> list[Post]:
    """Returns the existing posts among the given ids, in their order."""
    found = scope.find_many(PostRow, ids)
    return [post_of(found[id]) for id in ids if id in found]


def list_posts(scope: Scope, wanted: PostFilter, *, page_size: int = 0, page_token: str = "") -> Page[Post]:
    """Returns one page of the workspace's posts, newest first by time of publication."""
    return posts.page(scope, wanted, page_size=page_size, page_token=page_token).map(post_of)


def update_post(scope: Scope, id: str, changes: Mapping[str, Any], etag: str = "") -> Post:
    """Changes fields of a post.

    The fields are `content_id`, `content_type`, `category`, `caption`, `hashtags`, `mentions`, `media_type`,
    `permalink` and `attributes`. Raises NotFound, Aborted (`ETAG_MISMATCH`).
    """
    row = resources.get_locked(scope, PostRow, id, etag)
    values = dict(changes)
    if not values:
        return post_of(row)
    if "caption" in values:
        validate_caption(values["caption"], "post.caption")
    if "content_type" in values:
        values["content_type"] = values["content_type"] or ContentType.SOCIAL_POST
    if "mentions" in values:
        values["mentions"] = _mentions(values["mentions"], "post.mentions")
    if "hashtags" in values:
        values["hashtags"] = _hashtags(values["hashtags"], "post.hashtags")
        posts.replace_hashtags(scope, id, values["hashtags"])
    resources.change(scope, row, **values)
    return post_of(row)


def delete_post(scope: Scope, id: str) -> None:
    """Deletes a post with its snapshots, interactions and confirmed patterns; raises NotFound.

    Its context keeps its outcome; its figures become those of the context's post that was measured last.
    """
    row = scope.get(PostRow, id, lock=True)
    interactions.remove_of_post(scope, id)
    fingerprints.remove_of_post(scope, id)
    snapshots.remove_of_post(scope, id)
    demographics.remove_of_post(scope, id)
    post_syncs.remove_of_post(scope, id)
    posts.remove(scope, row)
    if row.context_id:
        patterns.drop_of_post(scope, row.context_id, id)
        _remove_metrics_from_context(scope, row.context_id, id)


def normalize_tag_filter(hashtag: str) -> str:
    """Returns the normalized hashtag of a filter; raises InvalidArgument for an impossible one."""
    return normalize_hashtag(hashtag, "hashtag") if hashtag else ""


def post_of(row: PostRow) -> Post:
    """Returns the post of a row."""
    measured = row.fetch_time is not None
    return record_of(
        Post,
        row,
        metrics=counts_of(row) if measured else None,
        engagement=engagement_of(row) if measured else None,
    )


def engagement_of(row: PostRow) -> Engagement:
    """Returns the genuine engagement of a post that was measured."""
    return record_of(
        Engagement,
        row,
        likes=row.genuine_likes,
        comments=row.genuine_comments,
        shares=row.genuine_shares,
        saves=row.genuine_saves,
        total=row.genuine_total,
    )


def _check_new(scope: Scope, draft: PostDraft) -> None:
    known = posts.ids_on_platform(scope, draft.platform, [draft.platform_post_id])
    if known:
        raise AlreadyExists("post", known[draft.platform_post_id])


def _hashtags(tags: Sequence[str], field: str) -> list[str]:
    return list(dict.fromkeys(normalize_hashtag(tag, f"{field}[{place}]") for place, tag in enumerate(tags)))


def _mentions(handles: Sequence[str], field: str) -> list[str]:
    return list(dict.fromkeys(normalize_mention(handle, f"{field}[{place}]") for place, handle in enumerate(handles)))


def _remove_metrics_from_context(scope: Scope, context_id: str, post_id: str) -> None:
    context = scope.find(ContextRow, context_id, lock=True)
    if context is None or context.metrics_post_id != post_id:
        return
    other = posts.last_measured_of_context(scope, context_id)
    revise(
        scope,
        context,
        metrics_post_id=other.id if other else None,
        metrics_fetch_time=other.fetch_time if other else None,
        engagement_rate_pct=other.engagement_rate_pct if other else None,
        genuine_ratio=other.genuine_ratio if other else None,
        genuine_count=other.genuine_total if other else None,
    )
    resources.announce(scope, context)
