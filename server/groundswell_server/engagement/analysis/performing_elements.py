"""Elements: what a post's rate may go with (hashtags, hour, format, length), each with how posts with it do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from groundswell_storage.engagement.enums import MediaType

KINDS: Final = ("hashtag", "hour", "format", "length")
CLEAR: Final = 2.0
"""Standard errors by which the two means have to differ (Welch)."""

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
    """Genuine engagement rate, percent, at the age at which posts are compared; None when unknown."""


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
