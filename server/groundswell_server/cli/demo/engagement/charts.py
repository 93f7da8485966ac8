"""Charts of the demonstration of Engagement as PNG files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from groundswell_server.cli.plot_style import INK, PALE, WARM, figure

if TYPE_CHECKING:
    from groundswell.v1.engagement_pb2 import AnalyzePostResponse, Post, SentimentAnalysis


def timeline(measured: Sequence[Post], path: Path) -> None:
    """Draws the reported and the genuine engagement by age."""
    hours = [
        (post.fetch_time.ToDatetime() - post.publish_time.ToDatetime()).total_seconds() / 3600 for post in measured
    ]
    reported = [total_of(post) for post in measured]
    with figure(path, "Engagement over time", "hours after publication", "likes, comments, shares, saves") as axes:
        axes.plot(hours, reported, color=WARM, marker="o", label="as counted by the platform")
        axes.plot(hours, [post.engagement.total for post in measured], color=INK, marker="o", label="genuine")
        axes.legend(frameon=False)


def total_of(post: Post) -> int:
    """Returns the sum of likes, comments, shares and saves as the platform reports them."""
    return post.metrics.likes + post.metrics.comments + post.metrics.shares + post.metrics.saves


def judged(analysis: AnalyzePostResponse, path: Path) -> None:
    """Draws the filtered interactions by reason."""
    rows = list(reversed(analysis.filtered))
    with figure(path, "Taken out, by reason", "interactions; one can have several reasons", "") as axes:
        axes.barh([row.reason.replace("_", " ").lower() for row in rows], [row.count for row in rows], color=PALE)


def sentiment(told: SentimentAnalysis, path: Path) -> None:
    """Draws the sentiment of people's comments over time, and its mean score."""
    names = [f"from {period.start_time.ToDatetime(tzinfo=UTC):%d %b %H:%M}" for period in told.trend]
    positive = [period.positive_count for period in told.trend]
    neutral = [period.neutral_count for period in told.trend]
    both = [one + other for one, other in zip(positive, neutral, strict=True)]
    with figure(path, "What people feel", "", "comments of people") as axes:
        axes.bar(names, positive, color=INK, label="positive")
        axes.bar(names, neutral, bottom=positive, color=PALE, label="neutral")
        axes.bar(names, [period.negative_count for period in told.trend], bottom=both, color=WARM, label="negative")
        axes.legend(frameon=False)
