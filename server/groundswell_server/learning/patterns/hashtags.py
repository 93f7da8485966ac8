"""Hashtags whose posts have more, or less, engagement than persona, platform, format and time slot explain."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from groundswell_server.learning.enums import Association
from groundswell_server.learning.estimates import Estimate
from groundswell_server.learning.patterns.associations import DISCOVERY_RATE, Associations, associate, percent
from groundswell_server.learning.patterns.residuals import Places, cells, dummies, log_rates, residuals
from groundswell_server.learning.patterns.sample import Sample
from groundswell_storage.errors import FailedPrecondition

MIN_POSTS = 5
"""The default minimum number of posts with a hashtag, and of posts without it."""
TOP_HASHTAGS = 20
_ORDER = {Association.HIGHER: 0, Association.INCONCLUSIVE: 1, Association.LOWER: 2}


@dataclass(frozen=True, slots=True)
class HashtagEffect:
    """A group of hashtags and its effect. The fields are those of the contract."""

    hashtags: tuple[str, ...]
    """Hashtags that always occur together, in alphabetical order."""
    association: Association
    effect_pct: Estimate
    """The shrunken difference in engagement, percent."""
    raw_effect_pct: float
    """The difference before shrinkage, percent."""
    p_value: float
    adjusted_p_value: float
    mean_rate_pct: float
    posts_without: int


@dataclass(frozen=True, slots=True)
class HashtagEffects:
    """The answer to GetEffectiveHashtags."""

    hashtags: tuple[HashtagEffect, ...]
    """HIGHER first, then INCONCLUSIVE, then LOWER, each by effect."""
    tested_count: int
    sample_size: int
    notes: tuple[str, ...]

    def top(self, count: int) -> HashtagEffects:
        """Returns the same with the first `count` hashtags only; 0 means `TOP_HASHTAGS`."""
        return replace(self, hashtags=self.hashtags[: count or TOP_HASHTAGS])


def effective_hashtags(sample: Sample, min_posts: int = 0) -> HashtagEffects:
    """Returns the effect of each group of hashtags with `min_posts` posts with it and as many without it.

    0 means `MIN_POSTS`. Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`) under twice as many posts.
    """
    min_posts = min_posts or MIN_POSTS
    if len(sample) < 2 * min_posts:
        raise FailedPrecondition(
            f"hashtags need at least {2 * min_posts} posts with a known rate, got {len(sample)}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(sample)), "need": str(2 * min_posts)},
        )
    groups = co_occurring(sample)
    frequent = [(names, rows) for names, rows in groups if len(rows) >= min_posts <= len(sample) - len(rows)]
    left = residuals(
        log_rates(sample.rates.tolist()),
        cells(sample.accounts),
        np.hstack([dummies(sample.formats), dummies(sample.slots)]),
    )
    found = associate(left, [rows for _, rows in frequent], min_posts=min_posts)
    effects = [
        _effect(found, row, names, float(sample.rates[rows].mean()))
        for row, (names, rows) in enumerate(frequent[place] for place in found.tested.tolist())
    ]
    effects.sort(key=lambda effect: (_ORDER[effect.association], -effect.effect_pct.value, effect.hashtags))
    notes = _notes(len(frequent), len(found), min_posts)
    return HashtagEffects(tuple(effects), len(effects), len(sample), notes)


def co_occurring(sample: Sample) -> list[tuple[tuple[str, ...], Places]]:
    """Groups the hashtags that always occur together; returns each group with the places of its posts."""
    posts: dict[str, list[int]] = {}
    for place, tags in enumerate(sample.hashtags):
        for tag in dict.fromkeys(tags):
            posts.setdefault(tag, []).append(place)
    groups: dict[tuple[int, ...], list[str]] = {}
    for tag in sorted(posts):
        groups.setdefault(tuple(posts[tag]), []).append(tag)
    return [(tuple(names), np.array(rows, dtype=np.intp)) for rows, names in groups.items()]


def _effect(found: Associations, row: int, names: tuple[str, ...], mean_rate_pct: float) -> HashtagEffect:
    association = Association.INCONCLUSIVE
    if found.adjusted[row] <= DISCOVERY_RATE:
        association = Association.HIGHER if found.raw[row] > 0 else Association.LOWER
    value, lower, upper = (percent(end[row]) for end in (found.effects, found.lower, found.upper))
    return HashtagEffect(
        hashtags=names,
        association=association,
        effect_pct=Estimate.of(value, lower, upper, int(found.inside[row])),
        raw_effect_pct=percent(found.raw[row]),
        p_value=float(found.p_values[row]),
        adjusted_p_value=float(found.adjusted[row]),
        mean_rate_pct=mean_rate_pct,
        posts_without=int(found.outside[row]),
    )


def _notes(frequent: int, tested: int, min_posts: int) -> tuple[str, ...]:
    notes = [
        (
            "This is association, not cause: posts with a hashtag may differ in more than persona, platform, format "
            "and hour."
        ),
        f"On average at most {DISCOVERY_RATE:.0%} of the hashtags reported as higher or lower are so by chance.",
    ]
    if not frequent:
        notes.append(f"No hashtag is on at least {min_posts} posts and missing on at least {min_posts} others.")
    if frequent > tested:
        notes.append(
            f"{frequent - tested} hashtags cannot be distinguished from the personas, formats or hours that use them."
        )
    return tuple(notes)
