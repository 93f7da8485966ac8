"""What content is made of, as numbers: what posts are clustered by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.content import MEDIA_TYPES
from groundswell_server.learning.patterns.caption_text import describe_text
from groundswell_server.learning.patterns.residuals import Array
from groundswell_server.learning.patterns.sample import Sample

COUNTS = ("words", "emoji", "hashtags", "mentions", "links")
"""Numbers a post; clustered by ln(1 + number)."""
FLAGS = ("call_to_action", "question", "weekend")
FORMATS = tuple(f"format_{name.lower()}" for name in MEDIA_TYPES)
NAMES = (*COUNTS, "sentiment", *FLAGS, *FORMATS, "hour")
"""Names in the order of the columns of `ContentFeatures.values`."""
HOUR = NAMES.index("hour")

_FARTHEST = 3.0
"""Standard deviations; beyond, one odd post would be a cluster of its own."""


@dataclass(frozen=True)
class ContentFeatures:
    """The features of n posts."""

    values: Array
    """(n, F) as people read them, in the order of `NAMES`: numbers, 0 or 1, sentiment -1 to 1, hour 0 to 24."""

    def standardised(self) -> Array:
        """(n, S) columns of mean 0 and standard deviation 1 to cluster by; what never varies is left out.

        Counts by their logarithm, the hour as its place on the circle.
        """
        hour = 2.0 * math.pi * self.values[:, HOUR] / 24.0
        columns = np.column_stack([self._ordered, np.cos(hour), np.sin(hour)])
        spread = columns.std(axis=0)
        varies = spread > 1e-12
        scaled = (columns[:, varies] - columns[:, varies].mean(axis=0)) / spread[varies]
        clipped: Array = np.clip(scaled, -_FARTHEST, _FARTHEST)
        return clipped

    def compare(self, inside: NDArray[np.bool_]) -> list[FeatureContrast]:
        """How the posts `inside` (n,) differ from the others, the most distinguishing feature first."""
        values, ordered = self.values, self._ordered
        differences = (ordered[inside].mean(axis=0) - ordered[~inside].mean(axis=0)) / self._spread
        means, rest_means = values[inside].mean(axis=0), values[~inside].mean(axis=0)
        columns = means[:HOUR].tolist(), rest_means[:HOUR].tolist(), differences.tolist()
        found = [FeatureContrast(*figures) for figures in zip(NAMES[:HOUR], *columns, strict=True)]
        found.append(_contrast_of_hours(values[inside, HOUR], values[~inside, HOUR]))
        return sorted(found, key=lambda one: -abs(one.difference))

    @cached_property
    def _ordered(self) -> Array:
        """(n, F - 1) all but the hour, counts by ln(1 + number)."""
        counts = np.log1p(self.values[:, : len(COUNTS)])
        return np.hstack([counts, self.values[:, len(COUNTS) : HOUR]])

    @cached_property
    def _spread(self) -> Array:
        """(F - 1,) standard deviations of these, never 0."""
        spread: Array = np.maximum(self._ordered.std(axis=0), 1e-12)
        return spread


@dataclass(frozen=True, slots=True)
class FeatureContrast:
    """A feature of a cluster beside that of the rest."""

    name: str
    value: float
    """Mean, of the hour the circular one."""
    rest_value: float
    difference: float
    """In standard deviations of all posts; of the hour the distance on the circle, never below 0."""


def content_features(sample: Sample) -> ContentFeatures:
    """The features of a sample's posts."""
    rows = []
    for post, time in zip(sample.posts, sample.local, strict=True):
        text = describe_text(post.caption)
        counts = text.words, text.emoji, len(post.hashtags), len(post.mentions), text.links
        flags = text.call_to_action, text.question, time.weekday() >= 5
        formats = (post.media_type == number for number in MEDIA_TYPES.values())
        rows.append((*counts, text.sentiment, *flags, *formats, time.hour + time.minute / 60.0))
    return ContentFeatures(np.array(rows, dtype=np.float64).reshape(len(rows), len(NAMES)))


def _contrast_of_hours(inside: Array, outside: Array) -> FeatureContrast:
    """The circular means, and how far apart their vectors are against the spread of all (Fisher 1993, chapter 2)."""
    turns = np.exp(2j * math.pi * np.concatenate([inside, outside]) / 24.0)
    spread = max(float(np.sqrt(np.mean(np.abs(turns - turns.mean()) ** 2) / 2.0)), 1e-12)
    here, there = turns[: len(inside)].mean(), turns[len(inside) :].mean()
    return FeatureContrast("hour", _hour(here), _hour(there), float(abs(here - there)) / spread)


def _hour(mean: complex) -> float:
    return float(np.angle(mean) * 24.0 / (2.0 * math.pi) % 24.0)
