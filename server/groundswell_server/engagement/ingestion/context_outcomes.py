"""The outcome of a context, updated by the metrics of its posts."""

from __future__ import annotations

from groundswell_server.engagement.contexts.contexts import generation_parameters
from groundswell_server.engagement.contexts.outcomes import (
    Outcome,
    PatternDraft,
    PatternSource,
    Thresholds,
    outcome_of_metrics,
    pattern_of_metrics,
    resolve,
)
from groundswell_server.engagement.personas import DEFAULT_TIME_ZONE
from groundswell_server.engagement.posts.posts import Engagement, Post
from groundswell_storage import resources
from groundswell_storage.engagement import patterns
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import Validation
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.resources import revise
from groundswell_storage.scope import Scope


def apply_metrics(scope: Scope, post: Post, thresholds: Thresholds) -> ContextRow | None:
    """Updates the context of a measured post and returns it; None when the post has none.

    The post of a context that was fetched last decides, and a human's rating takes precedence over metrics. Counts
    without a rate base change nothing: the last known rate is kept.
    """
    row = scope.find(ContextRow, post.context_id, lock=True) if post.context_id else None
    engagement, fetched = post.engagement, post.fetch_time
    if row is None or engagement is None or fetched is None:
        return row
    if row.metrics_fetch_time is not None and row.metrics_fetch_time > fetched and row.metrics_post_id != post.id:
        return row
    age = fetched - post.publish_time
    reaction = outcome_of_metrics(engagement.engagement_rate_pct, engagement.genuine_ratio, age, thresholds)
    if reaction is None and row.engagement_rate_pct is not None:
        return row
    before = None
    if row.metrics_post_id == post.id:
        before = outcome_of_metrics(row.engagement_rate_pct, row.genuine_ratio, age, thresholds)
    current = Outcome(row.validation, row.confidence)
    outcome = resolve(row.rating or None, reaction, current, before)
    draft = None
    if outcome.validation is Validation.APPROVED:
        draft = pattern_of_metrics(reaction, _source(scope, row, post, engagement))
    revise(
        scope,
        row,
        validation=outcome.validation,
        confidence=outcome.confidence,
        metrics_post_id=post.id,
        metrics_fetch_time=fetched,
        engagement_rate_pct=engagement.engagement_rate_pct,
        genuine_ratio=engagement.genuine_ratio,
        genuine_count=engagement.total,
        pattern=_update_pattern(scope, row, post, draft, engagement.engagement_rate_pct),
    )
    resources.announce(scope, row, post_id=post.id)
    return row


def _update_pattern(
    scope: Scope, row: ContextRow, post: Post, draft: PatternDraft | None, rate_pct: float | None
) -> str:
    """Stores or removes the pattern that the metrics confirm; returns the name that the context shows."""
    if draft is None:
        patterns.drop_of_post(scope, row.id, post.id)
        left = patterns.list_for_context(scope, row.id)
        return left[0].name if left else ""
    patterns.store(
        scope,
        name=draft.name,
        context_id=row.id,
        post_id=post.id,
        persona_id=post.persona_id,
        platform=post.platform,
        description=draft.strategy,
        features=draft.features,
        engagement_rate_pct=rate_pct,
    )
    return draft.name


def _source(scope: Scope, row: ContextRow, post: Post, engagement: Engagement) -> PatternSource:
    """Returns the source of a pattern."""
    persona = scope.find(PersonaRow, post.persona_id)
    return PatternSource(
        platform=post.platform,
        hashtags=post.hashtags,
        published_time=post.publish_time,
        time_zone=DEFAULT_TIME_ZONE if persona is None else persona.time_zone,
        media_type=post.media_type,
        caption_length=len(post.caption) or None,
        generation_parameters=generation_parameters(row),
        rate_pct=engagement.engagement_rate_pct or 0.0,
        genuine_ratio=engagement.genuine_ratio or 0.0,
    )
