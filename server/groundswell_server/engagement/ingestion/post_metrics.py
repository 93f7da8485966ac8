"""Metrics of a post: records a snapshot of its counts and updates its engagement, its context and its alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from groundswell_server.engagement.contexts.contexts import Context, context_of
from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.engagement.ingestion.context_outcomes import apply_metrics
from groundswell_server.engagement.metrics.average_comparison import WINDOW, versus_average
from groundswell_server.engagement.metrics.demographics import Demographics, record_demographics
from groundswell_server.engagement.metrics.engagement_rates import (
    COUNTS,
    Counts,
    GenuineEngagement,
    counts_of,
    genuine_engagement,
)
from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_server.engagement.posts.posts import Post, post_of
from groundswell_server.engagement.virality.alerts import raise_virality_alert
from groundswell_storage import resources
from groundswell_storage.engagement import posts, snapshots
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import Platform, Verdict
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.resources import revise
from groundswell_storage.scope import Scope

MAX_COUNT = 10**15
"""Largest count that is accepted; sums of several still fit the columns."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The post and the context after metrics were recorded."""

    post: Post
    context: Context | None
    """None when the post has no context."""


def record_metrics(
    scope: Scope,
    post_id: str,
    counts: Counts,
    fetch_time: datetime | None,
    thresholds: Thresholds,
    projected_age: timedelta,
    reached: Demographics | None = None,
) -> Measured:
    """Stores a snapshot and, unless a newer one exists, updates the post and its context.

    `projected_age` is the age for which the reach of a viral post is projected. `reached` are the demographics, when
    the platform reports them.

    Raises NotFound, and InvalidArgument for impossible counts (`METRICS_IMPOSSIBLE`) or an impossible time.
    """
    row = scope.get(PostRow, post_id, lock=True)
    at = check_fetch(scope, fetch_time, row.publish_time)
    check_counts(counts, row.platform)
    tallies = Tallies.from_json(row.tallies)
    genuine = genuine_engagement(counts, row.platform, tallies.by_kind(), _trailing_share(scope, row, tallies))
    snapshot_id = scope.new_id()
    snapshots.add(scope, [snapshot_values(scope, snapshot_id, row.__data__, counts, at, genuine, tallies)])
    record_demographics(scope, row.id, at, reached)
    context = None
    if row.fetch_time is None or at >= row.fetch_time:
        revise(scope, row, snapshot_id=snapshot_id, fetch_time=at, **_figures(scope, row, counts, at, genuine))
        context = apply_metrics(scope, post_of(row), thresholds)
        resources.announce(scope, row)
        raise_virality_alert(scope, row, projected_age)
    elif row.context_id:
        context = scope.find(ContextRow, row.context_id)
    return Measured(post_of(row), None if context is None else context_of(context))


def update_engagement(scope: Scope, row: PostRow, tallies: Tallies, thresholds: Thresholds) -> None:
    """Recomputes the genuine engagement of a locked post after its interactions were judged."""
    judged = {
        "tallies": tallies.to_json(),
        "judged_genuine": tallies.count(Verdict.GENUINE),
        "judged_bots": tallies.count(Verdict.BOT),
        "judged_personas": tallies.count(Verdict.PERSONA),
    }
    if row.fetch_time is None or row.snapshot_id is None:
        revise(scope, row, **judged)
    else:
        counts = counts_of(row)
        genuine = genuine_engagement(counts, row.platform, tallies.by_kind())
        revise(scope, row, **judged, **_figures(scope, row, counts, row.fetch_time, genuine))
        snapshots.correct_outcome(scope, row.snapshot_id, genuine.engagement_rate_pct)
        apply_metrics(scope, post_of(row), thresholds)
    resources.announce(scope, row)


def check_fetch(scope: Scope, fetch_time: datetime | None, publish_time: datetime) -> datetime:
    """Returns the time of a fetch, now for None; raises InvalidArgument before publication and in the future."""
    at = fetch_time or scope.now
    if at > scope.now:
        raise InvalidArgument.of("fetch_time", f"must not be in the future, got {at.isoformat()}")
    if at < publish_time:
        raise InvalidArgument.of(
            "fetch_time", f"must not be before the publication at {publish_time.isoformat()}, got {at.isoformat()}"
        )
    return at


def check_counts(counts: Counts, platform: Platform) -> None:
    """Raises InvalidArgument for impossible counts (`METRICS_IMPOSSIBLE`) and for metrics without counts."""
    counts.validate(platform)
    given = [(name, count) for name in COUNTS if (count := getattr(counts, name)) is not None]
    if not given:
        raise InvalidArgument.of("metrics", "must have at least one count; leave out only the unknown ones")
    for name, count in given:
        if count > MAX_COUNT:
            raise InvalidArgument.of(
                f"metrics.{name}", f"must be at most {MAX_COUNT}, got {count}", reason="METRICS_IMPOSSIBLE"
            )


def snapshot_values(
    scope: Scope,
    id: str,
    post: dict[str, Any],
    counts: Counts,
    fetch_time: datetime,
    genuine: GenuineEngagement,
    tallies: Tallies,
) -> dict[str, Any]:
    """Returns the columns of a snapshot; `post` holds the columns of the post."""
    return {
        "id": id,
        "post_id": post["id"],
        "persona_id": post["persona_id"],
        "platform": post["platform"],
        "publish_time": post["publish_time"],
        "fetch_time": fetch_time,
        **{name: getattr(counts, name) for name in COUNTS},
        "rate_pct": genuine.engagement_rate_pct,
        "genuine_total": genuine.genuine_total,
        "bot_share": tallies.bot_share(),
        "outcome_rate_pct": genuine.engagement_rate_pct,
        "create_time": scope.now,
    }


def figures_of(counts: Counts, genuine: GenuineEngagement) -> dict[str, Any]:
    """Returns the columns of a post's latest figures, except the comparison with other posts."""
    return {
        **{name: getattr(counts, name) for name in COUNTS},
        "genuine_likes": genuine.likes,
        "genuine_comments": genuine.comments,
        "genuine_shares": genuine.shares,
        "genuine_saves": genuine.saves,
        "genuine_total": genuine.genuine_total,
        "bots_filtered": genuine.bots_filtered,
        "personas_filtered": genuine.personas_filtered,
        "engagement_rate_pct": genuine.engagement_rate_pct,
        "rate_base": genuine.rate_base,
        "genuine_ratio": genuine.genuine_ratio,
        "estimated": genuine.estimated,
    }


def trailing_bot_share(scope: Scope, persona_id: str, platform: int, publish_time: datetime) -> float | None:
    """Returns the share of bots on the persona's posts of the 30 days before, 0 to 1; None without any."""
    known, bots = posts.judged_counts(scope, persona_id, platform, since=publish_time - WINDOW, before=publish_time)
    return bots / known if known else None


def _trailing_share(scope: Scope, row: PostRow, tallies: Tallies) -> float | None:
    """Returns the trailing share, which is needed only without recorded interactions."""
    if tallies.by_kind():
        return None
    return trailing_bot_share(scope, row.persona_id, row.platform, row.publish_time)


def _figures(
    scope: Scope, row: PostRow, counts: Counts, fetch_time: datetime, genuine: GenuineEngagement
) -> dict[str, Any]:
    against = versus_average(
        scope,
        persona_id=row.persona_id,
        platform=row.platform,
        publish_time=row.publish_time,
        fetch_time=fetch_time,
        rate_pct=genuine.engagement_rate_pct,
    )
    return {**figures_of(counts, genuine), "vs_average_pct": against}
