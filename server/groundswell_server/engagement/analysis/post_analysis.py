"""The analysis of a stored post: reads the post and the persona's other posts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from groundswell_server.engagement.analysis.filtered_counts import FilteredCount, LayerShare, by_layer, by_reason
from groundswell_server.engagement.analysis.performing_elements import Element, PublishedPost
from groundswell_server.engagement.analysis.recommendations import PostFigures, analyze_post
from groundswell_server.engagement.analysis.sentiment_summary import SentimentAnalysis, sentiment_of_post
from groundswell_server.engagement.metrics.age_interpolation import average_at_age, versus_average_pct
from groundswell_server.engagement.metrics.average_comparison import peer_rates
from groundswell_server.engagement.metrics.demographics import Demographics, demographics_of
from groundswell_server.engagement.metrics.verdict_tallies import Tallies
from groundswell_server.engagement.personas import DEFAULT_TIME_ZONE
from groundswell_server.engagement.posts.posts import Engagement, Post, post_of
from groundswell_storage.engagement import posts
from groundswell_storage.engagement.enums import MediaType, RateBase
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.engagement.posts import DescribedPost, PostRow
from groundswell_storage.scope import Scope

MAX_POSTS = 500
"""The persona's newest posts that are searched for elements."""
CONFIDENT = 0.8
"""Probability of being better than the average from which an hour is recommended."""
MIN_POSTS = 5
"""Posts in an hour from which it is recommended."""


@dataclass(frozen=True, slots=True)
class AnalyzedPost:
    """The analysis of a post; the fields are those of the response."""

    post: Post
    total_engagement: int
    genuine: Engagement | None
    average_rate_pct: float | None
    compared_post_count: int
    elements: tuple[Element, ...]
    filtered: tuple[FilteredCount, ...]
    recommendations: tuple[str, ...]
    sentiment: SentimentAnalysis | None
    """None without comments."""
    demographics: Demographics | None
    """None when none were recorded."""
    layers: tuple[LayerShare, ...]
    pending_post_count: int
    """Measured posts of the persona whose rate at the age of the comparison is not known yet."""


@dataclass(frozen=True, slots=True)
class HourFigures:
    """The prediction of LearningService for an hour of the day."""

    hour: int
    """0 to 23, in `time_zone`."""
    time_zone: str
    mean_rate_pct: float
    lower_pct: float
    upper_pct: float
    level: float
    """Probability with which the interval contains the true value, 0 to 1."""
    sample_size: int
    average_rate_pct: float
    """Average of the platform."""
    probability_better: float


def analyze_stored_post(scope: Scope, post_id: str, target_age: timedelta) -> AnalyzedPost:
    """Analyzes a post with the persona's other posts on the platform; raises NotFound.

    Elements are compared by the rates at `target_age`, because rates at unequal ages mostly differ by the age.
    """
    row = scope.get(PostRow, post_id)
    post = post_of(row)
    engagement, average, compared = _compared(scope, post)
    persona = scope.find(PersonaRow, post.persona_id)
    total = post.metrics.engagement() if post.metrics else 0
    sentiment = sentiment_of_post(scope, row, target_age)
    tallies = Tallies.from_json(row.tallies)
    described = posts.described(scope, post.persona_id, post.platform, target_age=target_age, limit=MAX_POSTS)
    found = analyze_post(
        _published(post, next((each.aged_rate_pct for each in described if each.id == post_id), None)),
        _figures(engagement, total, average, compared),
        [_published_of(each) for each in described if each.id != post_id],
        by_reason(tallies),
        DEFAULT_TIME_ZONE if persona is None else persona.time_zone,
        target_age,
        sentiment,
    )
    return AnalyzedPost(
        replace(post, engagement=engagement),
        total,
        engagement,
        average,
        compared,
        found.elements,
        found.filtered,
        found.recommendations,
        sentiment,
        demographics_of(scope, post_id),
        by_layer(tallies),
        sum(each.aged_rate_pct is None and each.rate_pct is not None for each in described),
    )


def with_hour(analyzed: AnalyzedPost, best: HourFigures | None) -> AnalyzedPost:
    """Adds a recommendation of the best hour, when the prediction is certain enough."""
    if best is None or best.sample_size < MIN_POSTS or best.probability_better < CONFIDENT:
        return analyzed
    sentence = (
        f"Best hour {best.hour:02d}:00 {best.time_zone}: {best.mean_rate_pct:.2f}% expected "
        f"({best.lower_pct:.2f} to {best.upper_pct:.2f} at {100 * best.level:.0f}%, {best.sample_size} posts) "
        f"against {best.average_rate_pct:.2f}% on average; better with a probability of "
        f"{100 * best.probability_better:.0f}%."
    )
    return replace(analyzed, recommendations=(*analyzed.recommendations, sentence))


def _compared(scope: Scope, post: Post) -> tuple[Engagement | None, float | None, int]:
    """Returns the engagement, and the mean rate and number of the posts it is compared with.

    The comparison is made now, because older posts may have been recorded after the metrics.
    """
    rate = _rate(post.engagement)
    if post.engagement is None or post.fetch_time is None or rate is None:
        return post.engagement, None, 0
    age = post.fetch_time - post.publish_time
    peers = peer_rates(scope, post.persona_id, post.platform, post.publish_time, age)
    average, count = average_at_age(age, peers)
    return replace(post.engagement, vs_average_pct=versus_average_pct(rate, age, peers)), average, count


def _rate(engagement: Engagement | None) -> float | None:
    return None if engagement is None else engagement.engagement_rate_pct


def _figures(engagement: Engagement | None, total: int, average: float | None, compared: int) -> PostFigures:
    if engagement is None:
        return PostFigures(0, 0, None, RateBase.UNSPECIFIED, False, None, None, 0)
    return PostFigures(
        total,
        engagement.total,
        engagement.engagement_rate_pct,
        engagement.rate_base,
        engagement.estimated,
        engagement.vs_average_pct,
        average,
        compared,
    )


def _published(post: Post, aged_rate_pct: float | None) -> PublishedPost:
    return PublishedPost(post.publish_time, post.hashtags, post.media_type, len(post.caption), aged_rate_pct)


def _published_of(other: DescribedPost) -> PublishedPost:
    return PublishedPost(
        other.publish_time, other.hashtags, MediaType(other.media_type), other.caption_length, other.aged_rate_pct
    )
