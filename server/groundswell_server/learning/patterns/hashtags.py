"""Which hashtags go with more engagement than personas, platforms, formats and hours explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from groundswell_server.learning.patterns.associations import DISCOVERY_RATE, Associations, associate, percent
from groundswell_server.learning.patterns.residuals import Places, cells, dummies, log_rates, residuals
from groundswell_server.learning.patterns.sample import Sample
from groundswell_storage.errors import FailedPrecondition

FEWEST_POSTS = 5
"""With a hashtag, and without."""
_ORDER = {"HIGHER": 0, "UNCLEAR": 1, "LOWER": 2}


class HashtagEffect(NamedTuple):
    """A group of hashtags, and how posts with it do."""

    hashtags: tuple[str, ...]
    """Those that always come together, in alphabetical order."""
    association: str
    """HIGHER, LOWER or UNCLEAR."""
    effect_pct: float
    """By how much engagement is higher, percent, shrunken; this and the next two."""
    lower_pct: float
    upper_pct: float
    raw_effect_pct: float
    p_value: float
    adjusted_p_value: float
    posts_with: int
    posts_without: int
    mean_rate_pct: float


@dataclass(frozen=True, slots=True)
class HashtagEffects:
    """The answer."""

    hashtags: tuple[HashtagEffect, ...]
    """All that were tested: HIGHER first, then UNCLEAR, then LOWER, each by effect."""
    sample_size: int
    notes: tuple[str, ...]


def effective_hashtags(sample: Sample, fewest: int = FEWEST_POSTS) -> HashtagEffects:
    """Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`) under twice `fewest` posts: that many with, and without."""
    if len(sample) < 2 * fewest:
        raise FailedPrecondition(
            f"hashtags are compared on {2 * fewest} posts or more whose outcome is known, and there are {len(sample)}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(sample)), "need": str(2 * fewest)},
        )
    groups = together(sample)
    frequent = [(names, rows) for names, rows in groups if len(rows) >= fewest <= len(sample) - len(rows)]
    left = residuals(
        log_rates(sample.rates.tolist()),
        cells(sample.accounts),
        np.hstack([dummies(sample.formats), dummies(sample.slots)]),
    )
    found = associate(left, [rows for _, rows in frequent], fewest=fewest)
    effects = [
        _effect(found, row, names, float(sample.rates[rows].mean()))
        for row, (names, rows) in enumerate(frequent[place] for place in found.tested.tolist())
    ]
    effects.sort(key=lambda effect: (_ORDER[effect.association], -effect.effect_pct, effect.hashtags))
    return HashtagEffects(tuple(effects), len(sample), _notes(len(frequent), len(found), fewest))


def together(sample: Sample) -> list[tuple[tuple[str, ...], Places]]:
    """Groups of hashtags that always come together, each with the places of its posts, in alphabetical order."""
    posts: dict[str, list[int]] = {}
    for place, tags in enumerate(sample.hashtags):
        for tag in dict.fromkeys(tags):
            posts.setdefault(tag, []).append(place)
    groups: dict[tuple[int, ...], list[str]] = {}
    for tag in sorted(posts):
        groups.setdefault(tuple(posts[tag]), []).append(tag)
    return [(tuple(names), np.array(rows, dtype=np.intp)) for rows, names in groups.items()]


def _effect(found: Associations, row: int, names: tuple[str, ...], mean_rate_pct: float) -> HashtagEffect:
    discovered = found.adjusted[row] <= DISCOVERY_RATE
    return HashtagEffect(
        hashtags=names,
        association=("HIGHER" if found.raw[row] > 0 else "LOWER") if discovered else "UNCLEAR",
        effect_pct=percent(found.effects[row]),
        lower_pct=percent(found.lower[row]),
        upper_pct=percent(found.upper[row]),
        raw_effect_pct=percent(found.raw[row]),
        p_value=float(found.p_values[row]),
        adjusted_p_value=float(found.adjusted[row]),
        posts_with=int(found.inside[row]),
        posts_without=int(found.outside[row]),
        mean_rate_pct=mean_rate_pct,
    )


def _notes(frequent: int, tested: int, fewest: int) -> tuple[str, ...]:
    notes = [
        "This is association, not cause: posts with a hashtag differ in more than persona, platform, format and hour.",
        f"Of the hashtags told apart, at most {DISCOVERY_RATE:.0%} are so by chance, on average.",
    ]
    if not frequent:
        notes.append(f"No hashtag is on {fewest} posts and missing on {fewest} others.")
    if frequent > tested:
        notes.append(f"{frequent - tested} can't be told from the personas, formats or hours that they come with.")
    return tuple(notes)
