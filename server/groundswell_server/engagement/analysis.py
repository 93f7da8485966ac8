"""How a post does, what goes with its persona's rates, and what to do: every sentence cites its figures.

What is found here is association: posts at 18:00 may do better because of what is posted at 18:00. It is said in the
words, and nothing is recommended on fewer posts than `ENOUGH` on either side, or on a difference within the noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from groundswell_server.engagement.vocabulary import MediaType, RateBase, Verdict

ENOUGH: Final = 5
"""Posts with, and posts without, an element that a recommendation needs."""
CLEAR: Final = 2.0
"""Standard errors by which the two means have to differ (Welch)."""
MOST_ELEMENTS: Final = 20

_LENGTHS: Final = ((50, "under 50 characters"), (150, "50-149 characters"), (300, "150-299 characters"))
_LONGER: Final = ((500, "300-499 characters"), (math.inf, "500 characters and more"))


@dataclass(frozen=True, slots=True)
class PublishedPost:
    """What of a post its rate may go with."""

    published_time: datetime
    hashtags: Sequence[str]
    media_type: MediaType
    caption_length: int | None
    """Characters; None when the caption is unknown."""
    rate_pct: float | None
    """Genuine engagement rate, percent; None when unknown."""


@dataclass(frozen=True, slots=True)
class PostFigures:
    """What is known of the engagement of the analyzed post."""

    total: int
    """Likes, comments, shares and saves as reported."""
    genuine_total: int
    rate_pct: float | None
    rate_base: RateBase
    estimated: bool
    """True when the bot share is that of the persona's earlier posts."""
    vs_average_pct: float | None
    average_rate_pct: float | None
    compared_posts: int


@dataclass(frozen=True, slots=True)
class FilteredCount:
    """Interactions that were taken out for one reason."""

    verdict: Verdict
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Element:
    """One element and how the persona's posts with it do on the platform."""

    kind: str
    """ "hashtag", "hour", "format" or "length"."""
    value: str
    mean_rate_pct: float
    other_mean_rate_pct: float | None
    """Of the posts without it; None when all have it."""
    sample_size: int
    """Posts with it."""
    standard_error_pct: float | None
    """Of the difference of the two means; None when either side has fewer than 2 posts."""

    @property
    def is_clear(self) -> bool:
        """True when the difference is beyond what chance does."""
        return (
            self.other_mean_rate_pct is not None
            and self.standard_error_pct is not None
            and abs(self.mean_rate_pct - self.other_mean_rate_pct) > CLEAR * self.standard_error_pct
        )


@dataclass(frozen=True, slots=True)
class PostAnalysis:
    """The answer of AnalyzePost, but for what is stored with the post."""

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
) -> PostAnalysis:
    """Analyze a post beside its persona's other posts on the same platform.

    Args:
        post: the post itself.
        figures: its engagement.
        past: the persona's other posts on the platform; those without a rate are left out.
        filtered: interactions taken out of it, by reason.
        time_zone: IANA zone in which hours are read.
    """
    zone = ZoneInfo(time_zone)
    elements = performing_elements([post, *past], zone)
    by_count = tuple(sorted(filtered, key=lambda found: (-found.count, found.reason)))
    sentences = [
        *_on_the_rate(figures),
        *_on_elements(post, elements, zone),
        *_on_filtered(figures, by_count),
        *_on_what_is_missing(figures, past),
    ]
    return PostAnalysis(elements[:MOST_ELEMENTS], by_count, tuple(sentences))


def elements_of(post: PublishedPost, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """(kind, value) of all that a post's rate may go with; what is unknown is left out."""
    found = [("hashtag", tag) for tag in dict.fromkeys(post.hashtags)]
    found.append(("hour", f"{post.published_time.astimezone(zone).hour:02d}:00"))
    if post.media_type:
        found.append(("format", post.media_type.name.lower()))
    if post.caption_length:
        found.append(("length", next(name for bound, name in _LENGTHS + _LONGER if post.caption_length < bound)))
    return tuple(found)


def performing_elements(posts: Sequence[PublishedPost], zone: ZoneInfo) -> tuple[Element, ...]:
    """All elements of the posts whose rate is known, by mean rate, best first; ties by the number of posts."""
    rates: dict[tuple[str, str], list[float]] = {}
    everything = []
    for post in posts:
        if post.rate_pct is not None:
            everything.append(post.rate_pct)
            for element in elements_of(post, zone):
                rates.setdefault(element, []).append(post.rate_pct)
    total = _Sample.of(everything)
    found = [_element(kind, value, _Sample.of(with_it), total) for (kind, value), with_it in rates.items()]
    return tuple(sorted(found, key=lambda element: (-element.mean_rate_pct, -element.sample_size, element.value)))


@dataclass(frozen=True, slots=True)
class _Sample:
    """Sums that means and variances come from, so that "all but these" is a subtraction."""

    count: int
    total: float
    squares: float

    @classmethod
    def of(cls, values: Sequence[float]) -> _Sample:
        return cls(len(values), math.fsum(values), math.fsum(value * value for value in values))

    def without(self, other: _Sample) -> _Sample:
        return _Sample(self.count - other.count, self.total - other.total, self.squares - other.squares)

    @property
    def mean(self) -> float:
        return self.total / self.count

    @property
    def squared_error(self) -> float:
        """Squared standard error of the mean; needs two values."""
        return max(0.0, self.squares - self.total * self.mean) / (self.count - 1) / self.count


def _element(kind: str, value: str, with_it: _Sample, everything: _Sample) -> Element:
    others = everything.without(with_it)
    both = with_it.count > 1 and others.count > 1
    return Element(
        kind=kind,
        value=value,
        mean_rate_pct=with_it.mean,
        other_mean_rate_pct=others.mean if others.count else None,
        sample_size=with_it.count,
        standard_error_pct=math.sqrt(with_it.squared_error + others.squared_error) if both else None,
    )


def _on_the_rate(figures: PostFigures) -> list[str]:
    if figures.rate_pct is None or figures.average_rate_pct is None or figures.vs_average_pct is None:
        return []
    against = (
        f"{figures.rate_pct:.2f}% of {figures.rate_base.name.lower()} against {figures.average_rate_pct:.2f}% on "
        f"average over {figures.compared_posts} post{'s' * (figures.compared_posts > 1)} of the 30 days before at the "
        f"same age ({figures.vs_average_pct:+.0f}%)"
    )
    if figures.compared_posts < ENOUGH:
        return [f"{against}: too few posts to conclude from."]
    if figures.vs_average_pct >= 20:
        return [f"{against}: worth repeating, one element changed at a time to see what did it."]
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
    """At most one sentence a kind: the clearest thing to keep, to try or to avoid."""
    own = set(elements_of(post, zone))
    total = max((element.sample_size for element in elements), default=0)
    sentences = []
    for kind in _ADVICE:
        sound = [
            element
            for element in elements
            if element.kind == kind and element.is_clear and element.sample_size >= ENOUGH
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
        f"{element.mean_rate_pct:.2f}%, the others {element.other_mean_rate_pct:.2f}% (seen together, no cause shown)."
    )


def _on_filtered(figures: PostFigures, filtered: Sequence[FilteredCount]) -> list[str]:
    taken = figures.total - figures.genuine_total
    if not figures.total or taken < 0.1 * figures.total:
        return []
    share = 100.0 * taken / figures.total
    if not filtered:
        return [f"{taken} of {figures.total} interactions ({share:.0f}%) are taken out as not genuine."]
    most = filtered[0]
    return [
        (
            f"{taken} of {figures.total} interactions ({share:.0f}%) are taken out as not genuine, most often for "
            f"{most.reason} ({most.count}): hide such comments and leave the raw counts out of reports."
        )
    ]


def _on_what_is_missing(figures: PostFigures, past: Sequence[PublishedPost]) -> list[str]:
    sentences = []
    if figures.rate_base is RateBase.UNSPECIFIED:
        sentences.append("No reach is known, so there is no rate: record reach, on X impressions, on TikTok views.")
    if figures.estimated:
        sentences.append("The bot share is that of earlier posts: record this post's interactions to be sure.")
    known = sum(1 for post in past if post.rate_pct is not None)
    if known < 2 * ENOUGH:
        sentences.append(
            f"{known} other post{'s' * (known != 1)} with a rate: what goes with the rate shows from {2 * ENOUGH} on."
        )
    return sentences
