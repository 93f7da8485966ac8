"""Recommendations for a task: confirmed approaches and winning clusters of posts, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundswell_server.learning.enums import PatternSource
from groundswell_server.learning.patterns.analysis import MIN_POSTS, ContentPattern, analyze
from groundswell_server.learning.patterns.approaches import Approach, find_approaches
from groundswell_server.learning.patterns.content_features import PatternFeature
from groundswell_server.learning.patterns.descriptions import format_probability
from groundswell_server.learning.patterns.sample import Sample
from groundswell_storage.engagement.pattern_rows import ContextRecord
from groundswell_storage.engagement.patterns import KeptPattern

TOP_PATTERNS = 3
_MAX_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class RecommendedPattern:
    """A pattern to follow. The fields are those of the contract."""

    source: PatternSource
    name: str
    description: str
    confidence: float
    sample_size: int
    reason: str
    strategy: Mapping[str, Any] | None = None
    generation_parameters: Mapping[str, Any] | None = None
    features: tuple[PatternFeature, ...] = ()
    example_context_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The answer to RecommendPatterns."""

    patterns: tuple[RecommendedPattern, ...]
    notes: tuple[str, ...]


def recommend(
    task_type: str,
    sample: Sample,
    contexts: Iterable[ContextRecord],
    kept: Sequence[KeptPattern],
    top_k: int = 0,
) -> Recommendations:
    """Returns the `top_k` patterns of a task with the highest confidence; 0 means `TOP_PATTERNS`.

    `contexts` are sorted newest first.
    """
    task = task_type.upper()
    approaches = find_approaches([context for context in contexts if context.phase.upper() == task], kept)
    clusters: Sequence[ContentPattern] = ()
    notes = []
    if len(sample) < MIN_POSTS:
        notes.append(
            f"Clusters of posts are compared from {MIN_POSTS} posts with a known rate; there are {len(sample)}."
        )
    else:
        winning = analyze(sample).winning_patterns
        clusters = [pattern for pattern in winning if task in {name.upper() for name in pattern.applicable_tasks}]
    found = [_from_approach(task, approach) for approach in approaches]
    found += [_from_cluster(task, pattern) for pattern in clusters]
    found.sort(key=lambda pattern: (-pattern.confidence, -pattern.sample_size, pattern.name))
    if not found:
        notes.append(f"Nothing is known yet about what works for {task}.")
    return Recommendations(tuple(found[: top_k or TOP_PATTERNS]), tuple(notes))


def _from_approach(task: str, approach: Approach) -> RecommendedPattern:
    others = "No other approach was tried."
    if approach.rest_tried:
        others = (
            f"Of the other {approach.rest_tried} contexts {approach.rest_confirmed} did. The probability that this "
            f"approach works more often is {format_probability(approach.confidence)}."
        )
    return RecommendedPattern(
        source=PatternSource.APPROACH,
        name=approach.name,
        description=_describe(approach),
        confidence=approach.confidence,
        sample_size=approach.tried,
        reason=f"{approach.confirmed} of {approach.tried} {task} contexts with this approach did well. {others}",
        strategy=approach.strategy or None,
        generation_parameters=approach.generation_parameters or None,
        example_context_ids=approach.context_ids[:_MAX_EXAMPLES],
    )


def _describe(approach: Approach) -> str:
    parts = [
        f"{kind} {', '.join(f'{name}: {value}' for name, value in settings.items())}"
        for kind, settings in (("strategy", approach.strategy), ("parameters", approach.generation_parameters))
        if settings
    ]
    parts += approach.common
    return "; ".join(parts) or "no strategy or parameters were recorded, and the posts have nothing in common"


def _from_cluster(task: str, pattern: ContentPattern) -> RecommendedPattern:
    lift = pattern.lift_pct
    return RecommendedPattern(
        source=PatternSource.CLUSTER,
        name=pattern.id,
        description=pattern.description,
        confidence=pattern.confidence,
        sample_size=pattern.sample_size,
        reason=f"The {pattern.sample_size} posts of this cluster, many of them from {task}, did {lift.value:.0f}% "
        f"better than the rest ({lift.lower:.0f}% to {lift.upper:.0f}%; effect size {pattern.effect_size:.2f}). "
        f"The effect was measured on posts that were not used to find the cluster.",
        features=pattern.features,
    )
