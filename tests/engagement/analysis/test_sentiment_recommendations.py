"""Recommendations from sentiment cite their figures and need enough comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.engagement.analysis.sentiment_recommendations import sentiment_recommendations
from groundswell_server.engagement.analysis.sentiment_summary import SPAN_ENDS, summarize
from groundswell_server.engagement.estimates import Estimate, Interval
from groundswell_server.sentiment.sentiment import Sentiment
from groundswell_storage.engagement.sentiments import SentimentCount

PUBLISHED = datetime(2026, 5, 1, 18, tzinfo=UTC)
POSITIVE, NEUTRAL, NEGATIVE, UNSUPPORTED = (int(sentiment) for sentiment in Sentiment if sentiment)


def said(counts: Sequence[tuple[int, int, int, float | None]], correlation: Estimate | None = None) -> str:
    found = summarize([SentimentCount(*row) for row in counts], PUBLISHED, PUBLISHED + timedelta(days=60), correlation)
    return "\n".join(sentiment_recommendations(found))


def test_the_mix_and_the_trend_are_those_of_the_counts() -> None:
    rows = [(0, POSITIVE, 3, 1.5), (0, UNSUPPORTED, 2, None), (1, NEGATIVE, 1, -0.5), (len(SPAN_ENDS), NEUTRAL, 1, 0.0)]
    counts = [SentimentCount(*row) for row in rows]
    found = summarize(counts, PUBLISHED, PUBLISHED + timedelta(days=60), None)
    assert (found.positive_count, found.neutral_count, found.negative_count, found.unsupported_count) == (3, 1, 1, 2)
    assert found.mean_score == pytest.approx(1.0 / 5.0)
    first, second, last = found.trend
    assert (first.start_time, first.end_time) == (PUBLISHED, PUBLISHED + timedelta(hours=1))
    assert (second.start_time, second.end_time) == (PUBLISHED + timedelta(hours=1), PUBLISHED + timedelta(hours=6))
    assert (last.start_time, last.end_time) == (PUBLISHED + timedelta(days=28), PUBLISHED + timedelta(days=60))
    assert [period.mean_score for period in found.trend] == pytest.approx([0.5, -0.5, 0.0])


def test_unsupported_comments_alone_have_no_mean() -> None:
    found = summarize([SentimentCount(0, UNSUPPORTED, 6, None)], PUBLISHED, PUBLISHED, None)
    assert found.mean_score is None
    assert found.trend == ()
    assert sentiment_recommendations(found) == ["6 of 6 comments are not in English, so their sentiment is unknown."]


def test_many_negative_comments_are_mentioned() -> None:
    assert "4 of 12 comments (33%) are negative" in said([(0, POSITIVE, 8, 4.0), (0, NEGATIVE, 4, -2.0)])
    assert said([(0, POSITIVE, 11, 5.0), (0, NEGATIVE, 1, -0.5)]) == ""
    assert said([(0, NEGATIVE, 4, -2.0)]) == "", "four comments are no mood"


def test_a_turn_of_the_sentiment_is_reported_with_both_means() -> None:
    fell = said([(0, POSITIVE, 10, 6.0), (2, NEUTRAL, 9, 0.0), (2, NEGATIVE, 1, -0.5)])
    assert "Sentiment fell from +0.60 (10 comments) at first to -0.05 (10) recently" in fell
    assert "Sentiment rose" in said([(0, NEUTRAL, 10, 0.0), (2, POSITIVE, 10, 6.0)])
    assert "Sentiment fell" not in said([(0, POSITIVE, 10, 6.0), (2, NEGATIVE, 3, -2.0), (2, POSITIVE, 1, 0.4)])


def test_a_correlation_is_reported_when_its_interval_leaves_zero_out() -> None:
    counts = [(0, POSITIVE, 10, 6.0)]
    told = said(counts, Estimate(0.52, Interval(0.21, 0.74, 0.95), 34))
    assert "Posts with better sentiment engage more (Spearman +0.52, +0.21 to +0.74 at 95%, 34 posts" in told
    assert "Posts with worse sentiment" in said(counts, Estimate(-0.52, Interval(-0.74, -0.21, 0.95), 34))
    assert said(counts, Estimate(0.2, Interval(-0.1, 0.5, 0.95), 34)) == ""


def test_nothing_is_said_without_comments() -> None:
    assert sentiment_recommendations(None) == []
