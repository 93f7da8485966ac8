"""Successful posts, and the traits that they have more often than the other posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from groundswell_server.learning.patterns.sample import local_time
from groundswell_server.learning.patterns.traits import post_traits
from groundswell_storage.engagement.pattern_rows import Making, PostRecord

MIN_RATE_PCT = 5.0
MAX_PATTERNS = 20
_MAX_TRAITS = 10
_MIN_COUNT = 2
"""The number of successful posts from which a trait is common."""


@dataclass(frozen=True, slots=True)
class SuccessfulPattern:
    """A successful post and how it was generated. The fields are those of the contract."""

    post_id: str
    context_id: str
    persona_id: str
    platform: int
    media_type: int
    engagement_rate_pct: float
    hashtags: tuple[str, ...]
    publish_time: datetime
    hour: int
    """In the persona's time zone."""
    weekday: int
    """1 Monday to 7 Sunday, in the persona's time zone."""
    caption_length: int
    phase: str
    strategy: Mapping[str, Any] | None = None
    generation_parameters: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CommonTrait:
    """A trait and its frequency among successful and other posts. The fields are those of the contract."""

    trait: str
    successful_count: int
    successful_share: float
    other_count: int
    other_share: float


@dataclass(frozen=True, slots=True)
class Successes:
    """The answer to FindSuccessfulPatterns."""

    patterns: tuple[SuccessfulPattern, ...]
    traits: tuple[CommonTrait, ...]
    successful_count: int
    post_count: int
    """The number of posts whose rate at the target age is known."""
    pending_count: int
    """The number of posts that are measured, but not at that age: rates at different ages cannot be compared."""

    def with_makings(self, makings: Mapping[str, Making]) -> Successes:
        """Returns the same with the strategies and generation parameters of its posts, by post id."""
        return replace(self, patterns=tuple(_with_making(one, makings.get(one.post_id)) for one in self.patterns))


def find_successes(
    records: Iterable[PostRecord], min_rate_pct: float | None = None, max_patterns: int = 0
) -> Successes:
    """Finds the best posts by their rate at the target age.

    `min_rate_pct` is the rate of a successful post, None for `MIN_RATE_PCT`; `max_patterns` is the maximum number of
    posts to return, 0 for `MAX_PATTERNS`.
    """
    posts, pending = [], 0
    for post in records:
        if post.aged_rate_pct is not None:
            posts.append(post)
        else:
            pending += post.rate_pct is not None
    posts.sort(key=lambda post: (-_rate(post), post.post_id))
    threshold = MIN_RATE_PCT if min_rate_pct is None else min_rate_pct
    count = sum(_rate(post) >= threshold for post in posts)
    best = tuple(_pattern(post) for post in posts[: min(count, max_patterns or MAX_PATTERNS)])
    return Successes(best, _common_traits(posts[:count], posts[count:]), count, len(posts), pending)


def _rate(post: PostRecord) -> float:
    return post.aged_rate_pct or 0.0


def _pattern(post: PostRecord) -> SuccessfulPattern:
    local = local_time(post.publish_time, post.time_zone)
    return SuccessfulPattern(
        post_id=post.post_id,
        context_id=post.context_id or "",
        persona_id=post.persona_id,
        platform=post.platform,
        media_type=post.media_type,
        engagement_rate_pct=_rate(post),
        hashtags=tuple(post.hashtags),
        publish_time=post.publish_time,
        hour=local.hour,
        weekday=local.isoweekday(),
        caption_length=len(post.caption),
        phase=post.phase or "",
    )


def _with_making(pattern: SuccessfulPattern, making: Making | None) -> SuccessfulPattern:
    if making is None:
        return pattern
    return replace(pattern, strategy=making.strategy or None, generation_parameters=making.parameters or None)


def _common_traits(successful: Sequence[PostRecord], others: Sequence[PostRecord]) -> tuple[CommonTrait, ...]:
    counts, other_counts = _count_traits(successful), _count_traits(others)
    traits = [
        CommonTrait(
            trait,
            count,
            count / len(successful),
            other_counts[trait],
            other_counts[trait] / len(others) if others else 0.0,
        )
        for trait, count in counts.items()
        if count >= _MIN_COUNT
    ]
    more = [one for one in traits if one.successful_share > one.other_share]
    more.sort(key=lambda one: (one.other_share - one.successful_share, one.trait))
    return tuple(more[:_MAX_TRAITS])


def _count_traits(posts: Iterable[PostRecord]) -> Counter[str]:
    return Counter(
        trait
        for post in posts
        for trait in {
            *post_traits(post, local_time(post.publish_time, post.time_zone)),
            *(f"#{tag}" for tag in post.hashtags),
        }
    )
