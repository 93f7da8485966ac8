"""The content features that posts are clustered by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.patterns.caption_text import describe_text
from groundswell_server.learning.patterns.residuals import Array
from groundswell_server.learning.patterns.sample import Sample
from groundswell_storage.engagement.enums import MediaType

COUNTS = ("words", "emoji", "hashtags", "mentions", "links")
"""Counts per post, clustered by ln(1 + count)."""
FLAGS = ("call_to_action", "question", "weekend")
_FORMATS = tuple(media for media in MediaType if media)
FORMATS = tuple(f"format_{media.name.lower()}" for media in _FORMATS)
NAMES = (*COUNTS, "sentiment", *FLAGS, *FORMATS, "hour")
"""The names of the columns of `ContentFeatures.values`."""
HOUR = NAMES.index("hour")

_MAX_DEVIATIONS = 3.0
"""Standardised values are clipped to this, so that a single outlier does not form a cluster."""


@dataclass(frozen=True)
class ContentFeatures:
    """The features of n posts."""

    values: Array
    """(n, F) in the order of `NAMES`: counts, 0 or 1, sentiment from -1 to 1, hour from 0 to 24."""

    def standardised(self) -> Array:
        """Returns the columns (n, S) to cluster by, with mean 0 and standard deviation 1, without constant columns.

        Counts enter by their logarithm, the hour by its position on the circle.
        """
        hour = 2.0 * math.pi * self.values[:, HOUR] / 24.0
        columns = np.column_stack([self._linear, np.cos(hour), np.sin(hour)])
        spread = columns.std(axis=0)
        varies = spread > 1e-12
        scaled = (columns[:, varies] - columns[:, varies].mean(axis=0)) / spread[varies]
        clipped: Array = np.clip(scaled, -_MAX_DEVIATIONS, _MAX_DEVIATIONS)
        return clipped

    def compare(self, inside: NDArray[np.bool_]) -> list[PatternFeature]:
        """Compares the posts `inside` (n,) with the others; returns the most distinguishing feature first."""
        values, linear = self.values, self._linear
        differences = (linear[inside].mean(axis=0) - linear[~inside].mean(axis=0)) / self._spread
        means, rest_means = values[inside].mean(axis=0), values[~inside].mean(axis=0)
        columns = means[:HOUR].tolist(), rest_means[:HOUR].tolist(), differences.tolist()
        found = [PatternFeature(*row) for row in zip(NAMES[:HOUR], *columns, strict=True)]
        found.append(_compare_hours(values[inside, HOUR], values[~inside, HOUR]))
        return sorted(found, key=lambda one: -abs(one.difference))

    @cached_property
    def _linear(self) -> Array:
        """(n, F - 1) all columns except the hour, counts as ln(1 + count)."""
        counts = np.log1p(self.values[:, : len(COUNTS)])
        return np.hstack([counts, self.values[:, len(COUNTS) : HOUR]])

    @cached_property
    def _spread(self) -> Array:
        """(F - 1,) standard deviations of `_linear`, never 0."""
        spread: Array = np.maximum(self._linear.std(axis=0), 1e-12)
        return spread


@dataclass(frozen=True, slots=True)
class PatternFeature:
    """A feature of a cluster beside that of the other posts. The fields are those of the contract."""

    name: str
    value: float
    """The mean; the circular mean of the hour."""
    rest_value: float
    difference: float
    """In standard deviations of all posts; of the hour the distance on the circle, never below 0."""


def content_features(sample: Sample) -> ContentFeatures:
    """Returns the features of the posts of a sample."""
    rows = []
    for post, time in zip(sample.posts, sample.local, strict=True):
        text = describe_text(post.caption)
        counts = text.words, text.emoji, len(post.hashtags), len(post.mentions), text.links
        flags = text.call_to_action, text.question, time.weekday() >= 5
        formats = (post.media_type == media for media in _FORMATS)
        rows.append((*counts, text.sentiment, *flags, *formats, time.hour + time.minute / 60.0))
    return ContentFeatures(np.array(rows, dtype=np.float64).reshape(len(rows), len(NAMES)))


def _compare_hours(inside: Array, outside: Array) -> PatternFeature:
    """Compares hours by their circular means; the difference is the distance of the mean vectors over the spread.

    Source: Fisher 1993, "Statistical Analysis of Circular Data", chapter 2.
    """
    turns = np.exp(2j * math.pi * np.concatenate([inside, outside]) / 24.0)
    spread = max(float(np.sqrt(np.mean(np.abs(turns - turns.mean()) ** 2) / 2.0)), 1e-12)
    here, there = turns[: len(inside)].mean(), turns[len(inside) :].mean()
    return PatternFeature("hour", _hour(here), _hour(there), float(abs(here - there)) / spread)


def _hour(mean: complex) -> float:
    return float(np.angle(mean) * 24.0 / (2.0 * math.pi) % 24.0)
