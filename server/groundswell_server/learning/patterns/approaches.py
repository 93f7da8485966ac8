"""Approaches: the strategies and generation parameters of the contexts of a task, and their success rates."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundswell_storage.engagement.enums import Validation
from groundswell_storage.engagement.pattern_rows import ContextRecord, parameters
from groundswell_storage.engagement.patterns import KeptPattern

_JUDGED = frozenset({Validation.APPROVED, Validation.CONDITIONALLY_APPROVED, Validation.REJECTED})
_MIN_COMMON_SHARE = 0.5
"""The share of the confirming posts from which they have a property in common."""
_GRID_STEPS = 4_000


@dataclass(frozen=True, slots=True)
class Approach:
    """A strategy and generation parameters, with the results of the contexts that used them."""

    name: str
    """The name of the kept pattern that these contexts confirmed most often."""
    strategy: Mapping[str, Any] | None
    generation_parameters: Mapping[str, Any] | None
    confirmed: int
    """The number of contexts that confirmed it."""
    tried: int
    """The number of contexts with it that were validated."""
    rest_confirmed: int
    """The number of other contexts of the task that confirmed theirs."""
    rest_tried: int
    """The number of other contexts of the task that were validated."""
    confidence: float
    """The probability that it works more often than the other approaches to the task."""
    common: tuple[str, ...]
    """The properties that the confirming posts have in common, in words."""
    context_ids: tuple[str, ...]
    """The contexts that confirmed it, newest first."""


def find_approaches(contexts: Iterable[ContextRecord], kept: Sequence[KeptPattern]) -> list[Approach]:
    """Returns the approaches that contexts of one task confirmed, the highest confidence first.

    `contexts` are sorted newest first.
    """
    by_context: dict[str, list[KeptPattern]] = defaultdict(list)
    for pattern in kept:
        by_context[pattern.context_id].append(pattern)
    judged = [one for one in contexts if one.validation in _JUDGED or one.context_id in by_context]
    groups: dict[str, list[ContextRecord]] = defaultdict(list)
    for context in judged:
        groups[_key(context)].append(context)
    confirmed = sum(context.context_id in by_context for context in judged)
    found = [
        approach
        for members in groups.values()
        if (approach := _approach(members, by_context, confirmed, len(judged))) is not None
    ]
    return sorted(found, key=lambda one: (-one.confidence, -one.confirmed, one.name))


def probability_better(successes: int, tries: int, rest_successes: int, rest_tries: int) -> float:
    """Returns the probability that the first success rate is above the second.

    Both rates have Jeffreys' prior, Beta(1/2, 1/2). The integral of the first density times the second distribution
    function is computed on a grid of the angle asin(sqrt(rate)), in which the prior is flat.
    """
    angle = (np.arange(_GRID_STEPS) + 0.5) / _GRID_STEPS * np.pi / 2.0
    log_sine, log_cosine = 2.0 * np.log(np.sin(angle)), 2.0 * np.log(np.cos(angle))
    weights = []
    for count, total in ((successes, tries), (rest_successes, rest_tries)):
        log_density = count * log_sine + (total - count) * log_cosine
        density = np.exp(log_density - log_density.max())
        weights.append(density / density.sum())
    own, rest = weights
    below = np.cumsum(rest) - 0.5 * rest
    return float(own @ below)


def _approach(
    members: Sequence[ContextRecord], by_context: Mapping[str, Sequence[KeptPattern]], confirmed: int, judged: int
) -> Approach | None:
    """The approach of contexts that were generated in the same way; None if none of them confirmed it."""
    worked = [context for context in members if context.context_id in by_context]
    if not worked:
        return None
    patterns = [pattern for context in worked for pattern in by_context[context.context_id]]
    rest, rest_worked = judged - len(members), confirmed - len(worked)
    return Approach(
        name=Counter(pattern.name for pattern in patterns).most_common(1)[0][0],
        strategy=worked[0].strategy,
        generation_parameters=parameters(worked[0].input),
        confirmed=len(worked),
        tried=len(members),
        rest_confirmed=rest_worked,
        rest_tried=rest,
        confidence=probability_better(len(worked), len(members), rest_worked, rest),
        common=tuple(_common([pattern.features for pattern in patterns])),
        context_ids=tuple(context.context_id for context in worked),
    )


def _key(context: ContextRecord) -> str:
    """Returns a key that is equal for contexts with the same strategy and parameters."""
    return json.dumps([context.strategy or None, parameters(context.input)], sort_keys=True)


def _common(features: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Yields the format, hour and hashtags of at least half of the posts; see `PatternDraft.features` of Engagement."""
    posts = [one for one in features if "hour" in one]
    if not posts:
        return
    formats = Counter(one["format"] for one in posts if "format" in one)
    hours = Counter(one["hour"] for one in posts)
    tags = Counter(tag for one in posts for tag in one.get("hashtags", ()))
    enough = _MIN_COMMON_SHARE * len(posts)
    yield from (f"as {name.lower()}" for name, count in formats.most_common(1) if count >= enough)
    yield from (f"posted at {hour:02d}:00" for hour, count in hours.most_common(1) if count >= enough)
    if frequent := [f"#{tag}" for tag, count in tags.most_common(5) if count >= enough]:
        yield f"with {' '.join(frequent)}"
