"""Posts: published content, with its latest figures and with the state of its context at the moment of posting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from peewee import (
    BigIntegerField,
    BooleanField,
    CompositeKey,
    DoubleField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from groundswell_storage import resources
from groundswell_storage.chunks import chunks
from groundswell_storage.database import Database
from groundswell_storage.engagement.enums import ContentType, MediaType, Platform, RateBase
from groundswell_storage.engagement.outcomes import OUTCOME, outcome_at
from groundswell_storage.events.topics import POST_CHANGED, POST_DELETED
from groundswell_storage.fields import EnumField, InstantField, JsonField, from_micros, to_micros
from groundswell_storage.pages import Page, read_page
from groundswell_storage.resources import Resource
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

_CHUNK = 500
"""Posts looked up in one statement."""


class PostRow(Resource):
    """A published post. Counts are cumulative; null is unknown, which is not zero."""

    context_id = TextField(null=True)
    persona_id = TextField()
    content_id = TextField(default="")
    content_type = EnumField(ContentType)
    category = TextField(default="")
    platform = EnumField(Platform)
    platform_post_id = TextField()
    caption = TextField(default="")
    hashtags = JsonField()
    mentions = JsonField()
    media_type = EnumField(MediaType, default=MediaType.UNSPECIFIED)
    publish_time = InstantField()
    permalink = TextField(default="")
    attributes = JsonField(null=True)
    follower_count = BigIntegerField(null=True)
    """Followers of the persona on the platform at the moment of posting."""

    snapshot_id = TextField(null=True)
    """The metric snapshot of the figures below: the one fetched last."""
    fetch_time = InstantField(null=True)
    likes = BigIntegerField(null=True)
    comments = BigIntegerField(null=True)
    shares = BigIntegerField(null=True)
    saves = BigIntegerField(null=True)
    clicks = BigIntegerField(null=True)
    impressions = BigIntegerField(null=True)
    reach = BigIntegerField(null=True)
    views = BigIntegerField(null=True)
    genuine_likes = BigIntegerField(null=True)
    genuine_comments = BigIntegerField(null=True)
    genuine_shares = BigIntegerField(null=True)
    genuine_saves = BigIntegerField(null=True)
    genuine_total = BigIntegerField(default=0)
    bots_filtered = BigIntegerField(default=0)
    personas_filtered = BigIntegerField(default=0)
    engagement_rate_pct = DoubleField(null=True)
    rate_base = EnumField(RateBase, default=RateBase.UNSPECIFIED)
    genuine_ratio = DoubleField(null=True)
    vs_average_pct = DoubleField(null=True)
    estimated = BooleanField(default=False)

    judged_genuine = BigIntegerField(default=0)
    judged_bots = BigIntegerField(default=0)
    judged_personas = BigIntegerField(default=0)
    """Known single interactions, by verdict."""
    tallies = JsonField()
    """The same in detail: `{"kinds": {"2": [genuine, bots, personas]}, "reasons": {"2:BURST": 12}}`, keyed by kind,
    and by verdict and reason."""

    sentiment_score = DoubleField(null=True)
    """Mean score of people's comments, -1 to 1; null without a comment that has one."""
    sentiment_count = IntegerField(default=0)
    """Number of these comments."""
    alert_time = InstantField(null=True)
    """Time of the alert that the post spreads, which is raised once for each post."""

    topic = POST_CHANGED
    removal_topic = POST_DELETED
    audited = (
        *("persona_id", "context_id", "content_id", "content_type", "category", "platform", "platform_post_id"),
        *("caption", "hashtags", "mentions", "media_type", "publish_time", "permalink", "attributes"),
    )
    audited_by_length = frozenset(("caption", "hashtags", "mentions", "attributes"))

    def event_payload(self) -> dict[str, Any]:
        """Returns the parents of the post, so that readers of the event know which of their figures change."""
        return {"persona_id": self.persona_id, "platform": int(self.platform), "context_id": self.context_id or ""}

    class Meta:
        indexes = (
            (("workspace", "platform", "platform_post_id"), True),
            (("workspace", "publish_time", "id"), False),
            (("workspace", "persona_id", "platform", "publish_time", "id"), False),
            (("workspace", "context_id", "publish_time"), False),
        )


class PostHashtagRow(Table):
    """One hashtag of one post, for finding posts."""

    post_id = TextField()
    hashtag = TextField()

    class Meta:
        primary_key = CompositeKey("post_id", "hashtag")
        indexes = ((("workspace", "hashtag", "post_id"), False),)


class ContextSnapshotRow(Table):
    """The state of a post's context at the moment of posting.

    Metrics change the context later: models learn from this snapshot only.
    """

    post_id = TextField(primary_key=True)
    context_id = TextField()
    phase = TextField()
    complexity = SmallIntegerField()
    state = SmallIntegerField()
    confidence = SmallIntegerField()
    validation = SmallIntegerField()
    agent_assigned = BooleanField()
    prompt_length = IntegerField(null=True)
    """Characters of the prompt that went in; null where no prompt is known."""
    input = JsonField(null=True)
    strategy = JsonField(null=True)


class DescribedPost(NamedTuple):
    """The properties of a post that may be associated with its rate."""

    id: str
    publish_time: datetime
    hashtags: list[str]
    media_type: int
    caption_length: int
    """Characters."""
    aged_rate_pct: float | None
    """Genuine engagement rate at the requested age; None while it is not known."""
    rate_pct: float | None
    """By the newest metrics, at any age."""


class MeasuredPost(NamedTuple):
    """The latest figures of a post by which it is compared."""

    id: str
    publish_time: datetime
    fetch_time: datetime
    engagement_rate_pct: float | None
    vs_average_pct: float | None


@dataclass(frozen=True, slots=True)
class PostFilter:
    """The filter of a list of posts; empty, 0 and None mean any."""

    persona_id: str = ""
    context_id: str = ""
    platform: int = 0
    category: str = ""
    hashtag: str = ""
    published_from: datetime | None = None
    """Inclusive."""
    published_before: datetime | None = None
    """Exclusive."""


def page(scope: Scope, wanted: PostFilter, *, page_size: int, page_token: str) -> Page[PostRow]:
    """Returns one page of the workspace's posts, newest first by time of publication."""
    query = scope.select(PostRow)
    for field in (PostRow.persona_id, PostRow.context_id, PostRow.platform, PostRow.category):
        if value := getattr(wanted, field.name):
            query = query.where(field == value)
    if wanted.hashtag:
        tagged = scope.select(PostHashtagRow, PostHashtagRow.post_id).where(PostHashtagRow.hashtag == wanted.hashtag)
        query = query.where(PostRow.id.in_(tagged))
    if wanted.published_from is not None:
        query = query.where(PostRow.publish_time >= wanted.published_from)
    if wanted.published_before is not None:
        query = query.where(PostRow.publish_time < wanted.published_before)
    return read_page(
        query,
        time=PostRow.publish_time,
        id=PostRow.id,
        page_size=page_size,
        page_token=page_token,
    )


def ids_on_platform(scope: Scope, platform: int, platform_post_ids: Sequence[str]) -> dict[str, str]:
    """Returns the posts of the workspace with these ids of a platform: platform post id to post id."""
    found: dict[str, str] = {}
    for chunk in chunks(platform_post_ids, _CHUNK):
        marks = ", ".join("?" * len(chunk))
        cursor = scope.execute(
            "SELECT platform_post_id, id FROM post "
            f"WHERE workspace = ? AND platform = ? AND platform_post_id IN ({marks})",
            (scope.workspace, platform, *chunk),
        )
        found.update(cursor.fetchall())
    return found


def add(scope: Scope, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Adds posts with their hashtags and returns the ids of the new ones.

    A post that another server has already stored under the same platform id is left out.
    """
    added = {row["id"] for row in rows}
    if scope.insert_many(PostRow, rows, skip_existing=True) < len(rows):
        added &= set(scope.find_many(PostRow, added))
    tags = [
        {"post_id": row["id"], "hashtag": tag}
        for row in rows
        if row["id"] in added
        for tag in dict.fromkeys(row["hashtags"])
    ]
    scope.insert_many(PostHashtagRow, tags)
    return added


def add_context_snapshots(scope: Scope, rows: Iterable[Mapping[str, Any]]) -> None:
    """Stores the states of contexts at the moment of posting."""
    scope.insert_many(ContextSnapshotRow, rows)


def replace_hashtags(scope: Scope, post_id: str, hashtags: Sequence[str]) -> None:
    """Replaces the indexed hashtags of a post."""
    scope.delete(PostHashtagRow).where(PostHashtagRow.post_id == post_id).execute()
    scope.insert_many(PostHashtagRow, [{"post_id": post_id, "hashtag": tag} for tag in dict.fromkeys(hashtags)])


def last_measured_of_context(scope: Scope, context_id: str) -> PostRow | None:
    """Returns the post of a context whose metrics were fetched last; None without metrics."""
    found: PostRow | None = (
        scope.select(PostRow)
        .where((PostRow.context_id == context_id) & PostRow.fetch_time.is_null(False))
        .order_by(PostRow.fetch_time.desc(), PostRow.id.desc())
        .first()
    )
    return found


def described(
    scope: Scope, persona_id: str, platform: int, *, target_age: timedelta, limit: int
) -> list[DescribedPost]:
    """Returns the newest `limit` of a persona's posts on a platform, newest first, with their rates at one age."""
    cursor = scope.execute(
        "SELECT p.id, p.publish_time, p.hashtags, p.media_type, LENGTH(p.caption), s.outcome_rate_pct, "
        f"p.engagement_rate_pct FROM post p LEFT {OUTCOME}"
        "WHERE p.workspace = ? AND p.persona_id = ? AND p.platform = ? ORDER BY p.publish_time DESC, p.id DESC LIMIT ?",
        (*outcome_at(target_age, scope.now), scope.workspace, persona_id, platform, limit),
    )
    read: Callable[[Any], Any] = PostRow.hashtags.python_value
    return [
        DescribedPost(id, from_micros(published), read(hashtags), *rest)
        for id, published, hashtags, *rest in cursor.fetchall()
    ]


def judged_counts(
    scope: Scope, persona_id: str, platform: int, *, since: datetime, before: datetime
) -> tuple[int, int]:
    """Returns the numbers of single interactions on a persona's posts of a span of publication: (all, bots)."""
    cursor = scope.execute(
        "SELECT judged_genuine + judged_personas + judged_bots, judged_bots FROM post "
        "WHERE workspace = ? AND persona_id = ? AND platform = ? AND publish_time >= ? AND publish_time < ?",
        (scope.workspace, persona_id, platform, to_micros(since), to_micros(before)),
    )
    counts = cursor.fetchall()
    return sum(known for known, _ in counts), sum(bots for _, bots in counts)


def tallies(scope: Scope, persona_id: str, platform: int, *, since: datetime, before: datetime) -> list[Any]:
    """Returns `PostRow.tallies` of a persona's posts of a span of publication that have single interactions.

    The posts are those on one platform, or on all platforms for 0.
    """
    cursor = scope.execute(
        "SELECT tallies FROM post WHERE workspace = ? AND persona_id = ? AND (platform = ? OR 0 = ?) "
        "AND publish_time >= ? AND publish_time < ? AND judged_genuine + judged_bots + judged_personas > 0",
        (scope.workspace, persona_id, platform, platform, to_micros(since), to_micros(before)),
    )
    read: Callable[[Any], Any] = PostRow.tallies.python_value
    return [read(stored) for (stored,) in cursor.fetchall()]


def newest_judged(scope: Scope, persona_id: str, platform: int, *, limit: int) -> list[tuple[str, datetime, int]]:
    """Returns the newest `limit` of a persona's posts on a platform that have single interactions, newest first.

    Each with its time of publication and the number of those interactions.
    """
    cursor = scope.execute(
        "SELECT id, publish_time, judged_genuine + judged_bots + judged_personas FROM post "
        "WHERE workspace = ? AND persona_id = ? AND platform = ? "
        "AND judged_genuine + judged_bots + judged_personas > 0 ORDER BY publish_time DESC, id DESC LIMIT ?",
        (scope.workspace, persona_id, platform, limit),
    )
    return [(id, from_micros(published), count) for id, published, count in cursor.fetchall()]


def workspaces(database: Database) -> list[str]:
    """Returns the workspaces that have posts."""
    rows = database.execute("SELECT DISTINCT workspace FROM post ORDER BY workspace").fetchall()
    return [workspace for (workspace,) in rows]


def remove(scope: Scope, row: PostRow) -> None:
    """Deletes a post with its hashtags and its context snapshot."""
    scope.delete(PostHashtagRow).where(PostHashtagRow.post_id == row.id).execute()
    scope.delete(ContextSnapshotRow).where(ContextSnapshotRow.post_id == row.id).execute()
    resources.remove(scope, row)


def measured(
    scope: Scope, persona_id: str, platform: int, *, since: datetime, before: datetime, limit: int
) -> list[MeasuredPost]:
    """Returns a persona's measured posts on a platform of a span of publication: the oldest `limit`, oldest first."""
    cursor = scope.execute(
        "SELECT id, publish_time, fetch_time, engagement_rate_pct, vs_average_pct FROM post "
        "WHERE workspace = ? AND persona_id = ? AND platform = ? AND publish_time >= ? AND publish_time < ? "
        "AND fetch_time IS NOT NULL ORDER BY publish_time, id LIMIT ?",
        (scope.workspace, persona_id, platform, to_micros(since), to_micros(before), limit),
    )
    return [
        MeasuredPost(id, from_micros(published), from_micros(fetched), rate, against)
        for id, published, fetched, rate, against in cursor.fetchall()
    ]


def set_alerted(scope: Scope, row: PostRow, time: datetime) -> None:
    """Records the time of the alert of a locked post; this is not a new version of it."""
    row.alert_time = time
    scope.execute(
        "UPDATE post SET alert_time = ? WHERE workspace = ? AND id = ?", (to_micros(time), scope.workspace, row.id)
    )


def set_averages(scope: Scope, figures: Mapping[str, float | None]) -> None:
    """Stores how posts compare with the average (post id to percent); this is not a new version of them."""
    for post_id, figure in figures.items():
        scope.execute(
            "UPDATE post SET vs_average_pct = ? WHERE workspace = ? AND id = ?", (figure, scope.workspace, post_id)
        )
