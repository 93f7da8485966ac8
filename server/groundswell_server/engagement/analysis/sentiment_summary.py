"""The sentiment of a post: its mix, its trend after publication and its correlation with engagement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from groundswell_server.engagement.analysis.rank_correlation import spearman
from groundswell_server.engagement.estimates import Estimate
from groundswell_server.sentiment.sentiment import Sentiment
from groundswell_storage.engagement import sentiments
from groundswell_storage.engagement.enums import Verdict
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.engagement.sentiments import SentimentCount
from groundswell_storage.scope import Scope

SPAN_ENDS: Final = (
    timedelta(hours=1),
    timedelta(hours=6),
    *(timedelta(days=days) for days in (1, 2, 4, 7, 14, 28)),
)
"""Ends of the spans of the trend, after publication. Most comments come early, so the spans grow."""
MIN_COMMENTS: Final = 3
"""Scored comments that a post needs to be part of the correlation."""
MAX_POSTS: Final = 500
"""Newest posts of the persona in the correlation."""


@dataclass(frozen=True, slots=True)
class SentimentPeriod:
    """The sentiment of comments in a span of time."""

    start_time: datetime
    end_time: datetime
    positive_count: int
    neutral_count: int
    negative_count: int
    mean_score: float
    """-1 to 1."""

    @property
    def scored_count(self) -> int:
        """The number of scored comments."""
        return self.positive_count + self.neutral_count + self.negative_count


@dataclass(frozen=True, slots=True)
class SentimentAnalysis:
    """The sentiment of people's comments on a post."""

    positive_count: int
    neutral_count: int
    negative_count: int
    unsupported_count: int
    mean_score: float | None
    """-1 to 1; None without a scored comment."""
    trend: tuple[SentimentPeriod, ...]
    """Oldest first; spans without scored comments are left out."""
    engagement_correlation: Estimate | None

    @property
    def scored_count(self) -> int:
        """The number of scored comments."""
        return self.positive_count + self.neutral_count + self.negative_count


def sentiment_of_post(scope: Scope, post: PostRow, target_age: timedelta) -> SentimentAnalysis | None:
    """Returns the sentiment of people's comments on a post; None without any.

    It is correlated with the rates of the persona's posts at `target_age`; younger posts are left out.
    """
    counts = sentiments.counts(scope, post.id, post.publish_time, SPAN_ENDS, verdict=Verdict.GENUINE)
    if not counts:
        return None
    found = sentiments.sentiment_of_posts(
        scope,
        post.persona_id,
        post.platform,
        target_age=target_age,
        fewest_comments=MIN_COMMENTS,
        limit=MAX_POSTS,
    )
    correlation = spearman([one.mean_score for one in found], [one.rate_pct for one in found])
    return summarize(counts, post.publish_time, scope.now, correlation)


def summarize(
    counts: Sequence[SentimentCount], publish_time: datetime, now: datetime, correlation: Estimate | None
) -> SentimentAnalysis:
    """Returns the mix and the trend of counted comments."""
    spans = sorted({row.span for row in counts if row.total_score is not None})
    return SentimentAnalysis(
        positive_count=_count(counts, Sentiment.POSITIVE),
        neutral_count=_count(counts, Sentiment.NEUTRAL),
        negative_count=_count(counts, Sentiment.NEGATIVE),
        unsupported_count=_count(counts, Sentiment.UNSUPPORTED),
        mean_score=_mean(counts),
        trend=tuple(_period([row for row in counts if row.span == span], span, publish_time, now) for span in spans),
        engagement_correlation=correlation,
    )


def _period(counts: Sequence[SentimentCount], span: int, publish_time: datetime, now: datetime) -> SentimentPeriod:
    return SentimentPeriod(
        start_time=publish_time + SPAN_ENDS[span - 1] if span else publish_time,
        end_time=publish_time + SPAN_ENDS[span] if span < len(SPAN_ENDS) else now,
        positive_count=_count(counts, Sentiment.POSITIVE),
        neutral_count=_count(counts, Sentiment.NEUTRAL),
        negative_count=_count(counts, Sentiment.NEGATIVE),
        mean_score=_mean(counts) or 0.0,
    )


def _count(counts: Iterable[SentimentCount], sentiment: Sentiment) -> int:
    return sum(row.comments for row in counts if row.sentiment == sentiment)


def _mean(counts: Iterable[SentimentCount]) -> float | None:
    scored = [(row.comments, row.total_score) for row in counts if row.total_score is not None]
    return sum(total for _, total in scored) / sum(count for count, _ in scored) if scored else None
