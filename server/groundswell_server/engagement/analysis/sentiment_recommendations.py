"""Recommendations from the sentiment of comments; every sentence cites its figures."""

from __future__ import annotations

from typing import Final

from groundswell_server.engagement.analysis.sentiment_summary import SentimentAnalysis

MIN_SAMPLE: Final = 5
"""Comments on either side that a sentence needs."""
MANY: Final = 0.2
"""Share of negative comments from which they are mentioned."""
FALL: Final = 0.3
"""Change of the mean score from which a trend is mentioned."""


def sentiment_recommendations(sentiment: SentimentAnalysis | None) -> list[str]:
    """Returns at most one sentence on each of the mix, the trend, the correlation and unsupported languages."""
    if sentiment is None:
        return []
    return [*_on_mix(sentiment), *_on_trend(sentiment), *_on_correlation(sentiment), *_on_languages(sentiment)]


def _on_mix(sentiment: SentimentAnalysis) -> list[str]:
    scored, negative = sentiment.scored_count, sentiment.negative_count
    if scored < MIN_SAMPLE or negative < MANY * scored:
        return []
    return [
        f"{negative} of {scored} comments ({100 * negative / scored:.0f}%) are negative: read and answer them first."
    ]


def _on_trend(sentiment: SentimentAnalysis) -> list[str]:
    periods = [period for period in sentiment.trend if period.scored_count >= MIN_SAMPLE]
    if len(periods) < 2 or abs(periods[-1].mean_score - periods[0].mean_score) < FALL:
        return []
    first, last = periods[0], periods[-1]
    change = f"from {first.mean_score:+.2f} ({first.scored_count} comments) at first to {last.mean_score:+.2f} "
    if last.mean_score < first.mean_score:
        return [
            f"Sentiment fell {change}({last.scored_count}) recently: find the cause before posting similar content."
        ]
    return [f"Sentiment rose {change}({last.scored_count}) recently: join the conversation."]


def _on_correlation(sentiment: SentimentAnalysis) -> list[str]:
    found = sentiment.engagement_correlation
    if found is None or found.interval is None or found.interval.lower * found.interval.upper <= 0:
        return []
    figures = (
        f"Spearman {found.value:+.2f}, {found.interval.lower:+.2f} to {found.interval.upper:+.2f} at "
        f"{100 * found.interval.level:.0f}%, {found.sample_size} posts, an association, not a cause"
    )
    if found.value > 0:
        return [f"Posts with better sentiment engage more ({figures}): make more of what people praise."]
    return [f"Posts with worse sentiment engage more ({figures}): a high rate alone is not praise."]


def _on_languages(sentiment: SentimentAnalysis) -> list[str]:
    unread, total = sentiment.unsupported_count, sentiment.unsupported_count + sentiment.scored_count
    if unread < MIN_SAMPLE or 2 * unread < total:
        return []
    return [f"{unread} of {total} comments are not in English, so their sentiment is unknown."]
