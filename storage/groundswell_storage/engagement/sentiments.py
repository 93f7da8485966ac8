"""The sentiment of people's comments, counted where they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from groundswell_storage.engagement.outcomes import OUTCOME, outcome_at
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope


class SentimentCount(NamedTuple):
    """The comments of one sentiment in one span of time after publication."""

    span: int
    """Position among the given ends; their number for comments after the last end."""
    sentiment: int
    comments: int
    total_score: float | None
    """Sum of the scores; null without scores."""


class PostSentiment(NamedTuple):
    """The sentiment and the rate of a post."""

    mean_score: float
    rate_pct: float
    """Genuine engagement rate at the requested age."""


def counts(
    scope: Scope, post_id: str, publish_time: datetime, ends: Sequence[timedelta], *, verdict: int
) -> list[SentimentCount]:
    """Returns the comments of a post with this verdict, by span of time after publication and sentiment."""
    bounds = [to_micros(publish_time + end) for end in ends]
    spans = " ".join(f"WHEN interact_time < ? THEN {place}" for place in range(len(ends)))
    cursor = scope.execute(
        f"SELECT CASE {spans} ELSE {len(ends)} END AS span, sentiment, COUNT(*), SUM(sentiment_score) "
        "FROM interaction WHERE workspace = ? AND post_id = ? AND verdict = ? AND sentiment > 0 GROUP BY 1, 2",
        (*bounds, scope.workspace, post_id, verdict),
    )
    return [SentimentCount(*row) for row in cursor.fetchall()]


def update_post_sentiment(scope: Scope, post_id: str, *, verdict: int) -> None:
    """Recalculates a post's mean score from its comments with this verdict; this is not a new version of it."""
    chosen = (
        "FROM interaction i WHERE i.workspace = post.workspace AND i.post_id = post.id AND i.verdict = ? "
        "AND i.sentiment > 0 AND i.sentiment_score IS NOT NULL"
    )
    scope.execute(
        f"UPDATE post SET sentiment_score = (SELECT AVG(i.sentiment_score) {chosen}), "
        f"sentiment_count = (SELECT COUNT(*) {chosen}) WHERE workspace = ? AND id = ?",
        (verdict, verdict, scope.workspace, post_id),
    )


def sentiment_of_posts(
    scope: Scope, persona_id: str, platform: int, *, target_age: timedelta, fewest_comments: int, limit: int
) -> list[PostSentiment]:
    """Returns mean score and rate at one age of the newest `limit` of a persona's posts on a platform that have both.

    Newest first.
    """
    cursor = scope.execute(
        f"SELECT p.sentiment_score, s.outcome_rate_pct FROM post p {OUTCOME}"
        "WHERE p.workspace = ? AND p.persona_id = ? AND p.platform = ? AND p.sentiment_count >= ? "
        "ORDER BY p.publish_time DESC, p.id DESC LIMIT ?",
        (*outcome_at(target_age, scope.now), scope.workspace, persona_id, platform, fewest_comments, limit),
    )
    return [PostSentiment(*row) for row in cursor.fetchall()]
