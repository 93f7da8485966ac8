"""The posts that did well, and what they have more often than the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from groundswell_server.learning.patterns.sample import local_time
from groundswell_server.learning.patterns.traits import post_traits
from groundswell_storage.engagement.pattern_rows import Making, PostRecord

_MOST_TRAITS = 10
_FEWEST = 2
"""Successful posts with a trait, for it to be common to any."""


@dataclass(frozen=True, slots=True)
class SuccessfulPost:
    """A post that did well."""

    post: PostRecord
    local: datetime
    """Time of publication on the persona's clock."""
    making: Making | None = None
    """How it was made; None when that is not known."""


@dataclass(frozen=True, slots=True)
class CommonTrait:
    """Something that posts can have, and how often those that did well have it."""

    trait: str
    successful_count: int
    successful_share: float
    other_count: int
    other_share: float


@dataclass(frozen=True, slots=True)
class Successes:
    """The answer."""

    best: tuple[SuccessfulPost, ...]
    traits: tuple[CommonTrait, ...]
    successful_count: int
    post_count: int
    """Posts whose rate at the target age is known."""
    waiting_count: int
    """Posts that are measured, but not at that age: rates at unequal ages can't be compared."""

    def made(self, makings: Mapping[str, Making]) -> Sequence[SuccessfulPost]:
        """The best with how they were made, by post id."""
        return [SuccessfulPost(one.post, one.local, makings.get(one.post.post_id)) for one in self.best]


def find_successes(records: Iterable[PostRecord], min_rate_pct: float, limit: int) -> Successes:
    """The `limit` best posts by their rate at the target age from `min_rate_pct` on; younger posts wait."""
    posts, waiting = [], 0
    for post in records:
        if post.aged_rate_pct is not None:
            posts.append(SuccessfulPost(post, local_time(post.publish_time, post.time_zone)))
        else:
            waiting += post.rate_pct is not None
    posts.sort(key=lambda one: (-_rate(one), one.post.post_id))
    count = sum(_rate(one) >= min_rate_pct for one in posts)
    best = tuple(posts[: min(count, limit)])
    return Successes(best, _common(posts[:count], posts[count:]), count, len(posts), waiting)


def _rate(one: SuccessfulPost) -> float:
    return one.post.aged_rate_pct or 0.0


def _common(successful: Sequence[SuccessfulPost], others: Sequence[SuccessfulPost]) -> tuple[CommonTrait, ...]:
    with_it, without = _counted(successful), _counted(others)
    traits = [
        CommonTrait(
            trait, count, count / len(successful), without[trait], without[trait] / len(others) if others else 0.0
        )
        for trait, count in with_it.items()
        if count >= _FEWEST
    ]
    more = [one for one in traits if one.successful_share > one.other_share]
    more.sort(key=lambda one: (one.other_share - one.successful_share, one.trait))
    return tuple(more[:_MOST_TRAITS])


def _counted(posts: Iterable[SuccessfulPost]) -> Counter[str]:
    return Counter(
        trait
        for one in posts
        for trait in {*post_traits(one.post, one.local), *(f"#{tag}" for tag in one.post.hashtags)}
    )
