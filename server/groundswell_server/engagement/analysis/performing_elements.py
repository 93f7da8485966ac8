"""Performing elements of posts (hashtags, hour, format, length) with the mean rates of the posts that have them."""

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
"""Standard errors by which the two means must differ (Welch)."""

_LENGTHS: Final = ((50, "under 50 characters"), (150, "50-149 characters"), (300, "150-299 characters"))
_LONGER: Final = ((500, "300-499 characters"), (math.inf, "500 characters and more"))


@dataclass(frozen=True, slots=True)
class PublishedPost:
    """The properties of a post that may go with its rate."""

    published_time: datetime
    hashtags: Sequence[str]
    media_type: MediaType
    caption_length: int | None
    """Characters; None when the caption is unknown."""
    rate_pct: float | None
    """Genuine engagement rate, percent, at the age of the comparison; None when unknown."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element with the rates of the persona's posts that have it, on one platform."""

    kind: str
    """ "hashtag", "hour", "format" or "length"."""
    value: str
    mean_rate_pct: float
    other_mean_rate_pct: float | None
    """Mean rate of the posts without it; None when all have it."""
    sample_size: int
    """Posts with it."""
    standard_error_pct: float | None
    """Standard error of the difference of the two means; None when either side has fewer than 2 posts."""

    @property
    def is_clear(self) -> bool:
        """True when the difference is larger than chance explains."""
        return (
            self.other_mean_rate_pct is not None
            and self.standard_error_pct is not None
            and abs(self.mean_rate_pct - self.other_mean_rate_pct) > CLEAR * self.standard_error_pct
        )


def elements_of(post: PublishedPost, zone: ZoneInfo) -> tuple[tuple[str, str], ...]:
    """Returns (kind, value) of each known element of a post."""
    found = [("hashtag", tag) for tag in dict.fromkeys(post.hashtags)]
    found.append(("hour", f"{post.published_time.astimezone(zone).hour:02d}:00"))
    if post.media_type:
        found.append(("format", post.media_type.name.lower()))
    if post.caption_length:
        found.append(("length", next(name for bound, name in _LENGTHS + _LONGER if post.caption_length < bound)))
    return tuple(found)


def performing_elements(posts: Sequence[PublishedPost], zone: ZoneInfo) -> tuple[Element, ...]:
    """Returns the elements of the posts with a known rate, by mean rate, best first; ties by number of posts."""
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
    """Sums for means and variances, by which a complement is a subtraction."""

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
        """Squared standard error of the mean; it needs two values."""
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
