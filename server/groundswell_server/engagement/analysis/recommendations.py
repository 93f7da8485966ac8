"""Recommendations from the rates of a persona's posts; every sentence cites its figures.

They are based on association: posts at 18:00 may do better because of their content. The sentences mention it. Nothing
is recommended on fewer than `MIN_SAMPLE` posts on either side, or on a difference within the noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from groundswell_server.engagement.analysis.filtered_counts import FilteredCount
from groundswell_server.engagement.analysis.performing_elements import (
    KINDS,
    Element,
    PublishedPost,
    elements_of,
    performing_elements,
)
from groundswell_server.engagement.analysis.sentiment_recommendations import sentiment_recommendations
from groundswell_server.engagement.analysis.sentiment_summary import SentimentAnalysis
from groundswell_storage.engagement.enums import RateBase

MIN_SAMPLE: Final = 5
"""Posts with, and posts without, an element that a recommendation needs."""
MAX_OF_A_KIND: Final = 8
"""Elements of each kind in the response, so that many hashtags do not displace the hours."""


@dataclass(frozen=True, slots=True)
class PostFigures:
    """The known engagement of the analyzed post."""

    total: int
    """Likes, comments, shares and saves as reported."""
    genuine_total: int
    rate_pct: float | None
    rate_base: RateBase
    estimated: bool
    """True when the bot share is that of the persona's earlier posts."""
    vs_average_pct: float | None
    average_rate_pct: float | None
    compared_post_count: int


@dataclass(frozen=True, slots=True)
class PostAnalysis:
    """The part of the response that is not stored with the post."""

    elements: tuple[Element, ...]
    """Best first."""
    filtered: tuple[FilteredCount, ...]
    """Most frequent first."""
    recommendations: tuple[str, ...]


def analyze_post(
    post: PublishedPost,
    figures: PostFigures,
    past: Sequence[PublishedPost],
    filtered: Iterable[FilteredCount],
    time_zone: str,
    target_age: timedelta,
    sentiment: SentimentAnalysis | None = None,
) -> PostAnalysis:
    """Analyzes a post with its persona's other posts on the same platform.

    Args:
        post: the post itself.
        figures: its engagement.
        past: the persona's other posts on the platform; those without a rate are left out.
        filtered: interactions that were removed from it, by reason.
        time_zone: IANA zone in which hours are read.
        target_age: age of the rates of `post` and `past`.
        sentiment: sentiment of people's comments on it.
    """
    zone = ZoneInfo(time_zone)
    elements = performing_elements([post, *past], zone)
    by_count = tuple(sorted(filtered, key=lambda found: (-found.count, found.reason)))
    sentences = [
        *_on_the_rate(figures),
        *_on_elements(post, elements, zone),
        *sentiment_recommendations(sentiment),
        *_on_filtered(figures, by_count),
        *_on_missing_data(figures, past, target_age),
    ]
    return PostAnalysis(_best_of_each_kind(elements), by_count, tuple(sentences))


def _best_of_each_kind(elements: Sequence[Element]) -> tuple[Element, ...]:
    """Returns the first `MAX_OF_A_KIND` elements of each kind, in order."""
    left = dict.fromkeys(KINDS, MAX_OF_A_KIND)
    best = []
    for element in elements:
        if left[element.kind]:
            left[element.kind] -= 1
            best.append(element)
    return tuple(best)


def _on_the_rate(figures: PostFigures) -> list[str]:
    if figures.rate_pct is None or figures.average_rate_pct is None or figures.vs_average_pct is None:
        return []
    posts = "post" if figures.compared_post_count == 1 else "posts"
    against = (
        f"{figures.rate_pct:.2f}% of {figures.rate_base.name.lower()} against {figures.average_rate_pct:.2f}% on "
        f"average over {figures.compared_post_count} {posts} of the 30 days before at the same age "
        f"({figures.vs_average_pct:+.0f}%)"
    )
    if figures.compared_post_count < MIN_SAMPLE:
        return [f"{against}: too few posts for a conclusion."]
    if figures.vs_average_pct >= 20:
        return [f"{against}: repeat it, changing one element at a time to find the cause."]
    if figures.vs_average_pct <= -20:
        return [f"{against}: try another hour, format or set of hashtags next time."]
    return [f"{against}: as usual."]


_ADVICE: Final[Mapping[str, str]] = {
    "hashtag": "Try #{value}",
    "hour": "Post at {value}",
    "format": "Post as {value}",
    "length": "Write {value}",
}
_KEEP: Final[Mapping[str, str]] = {
    "hashtag": "Keep #{value}",
    "hour": "Keep to {value}",
    "format": "Keep to {value}",
    "length": "Keep to {value}",
}
_DROP: Final[Mapping[str, str]] = {
    "hashtag": "Leave out #{value}",
    "hour": "Avoid {value}",
    "format": "Use {value} less",
    "length": "Avoid {value}",
}


def _on_elements(post: PublishedPost, elements: Sequence[Element], zone: ZoneInfo) -> list[str]:
    """Returns at most one sentence for each kind: the clearest element to keep, to try or to avoid."""
    own = set(elements_of(post, zone))
    total = max((element.sample_size for element in elements), default=0)
    sentences = []
    for kind in _ADVICE:
        sound = [
            element
            for element in elements
            if element.kind == kind and element.is_clear and element.sample_size >= MIN_SAMPLE
        ]
        better = [element for element in sound if element.mean_rate_pct > (element.other_mean_rate_pct or 0.0)]
        worse = [element for element in sound if element not in better and (kind, element.value) in own]
        if better:
            words = _KEEP if (kind, better[0].value) in own else _ADVICE
            sentences.append(_sentence(words[kind], better[0]))
        elif worse and total:
            sentences.append(_sentence(_DROP[kind], worse[-1]))
    return sentences


def _sentence(advice: str, element: Element) -> str:
    return (
        f"{advice.format(value=element.value)}: {element.sample_size} posts with it average "
        f"{element.mean_rate_pct:.2f}%, the others {element.other_mean_rate_pct:.2f}% (an association, not a cause)."
    )


def _on_filtered(figures: PostFigures, filtered: Sequence[FilteredCount]) -> list[str]:
    taken = figures.total - figures.genuine_total
    if not figures.total or taken < 0.1 * figures.total:
        return []
    share = 100.0 * taken / figures.total
    removal = f"{taken:,} of {figures.total:,} interactions ({share:.0f}%) were removed as not genuine"
    if not filtered:
        return [f"{removal}."]
    most = filtered[0]
    reason = most.reason.replace("_", " ").lower()
    advice = "hide such comments and leave the raw counts out of reports"
    return [f"{removal}, most often for {reason} ({most.count:,}): {advice}."]


def _on_missing_data(figures: PostFigures, past: Sequence[PublishedPost], target_age: timedelta) -> list[str]:
    sentences = []
    if figures.rate_base is RateBase.UNSPECIFIED:
        sentences.append(
            "The reach is unknown, so there is no rate: record reach, or impressions on X, or views on TikTok."
        )
    if figures.estimated:
        sentences.append(
            "The bot share is estimated from earlier posts: record this post's interactions for an exact figure."
        )
    known = sum(1 for post in past if post.rate_pct is not None)
    if known < 2 * MIN_SAMPLE:
        sentences.append(
            f"{known} other post{'s' * (known != 1)} with a rate at {target_age / timedelta(days=1):g} days: the "
            f"performing elements need {2 * MIN_SAMPLE}."
        )
    return sentences
