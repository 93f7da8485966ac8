"""What to do for a task: approaches that worked, and winning kinds of posts, surest first, each with why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundswell_server.learning.patterns.analysis import FEWEST_POSTS, ContentPattern, analyze
from groundswell_server.learning.patterns.approaches import Approach, find_approaches
from groundswell_server.learning.patterns.content_features import FeatureContrast
from groundswell_server.learning.patterns.descriptions import certainty
from groundswell_server.learning.patterns.sample import Sample
from groundswell_storage.engagement.pattern_rows import ContextRecord
from groundswell_storage.engagement.patterns import KeptPattern

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class RecommendedPattern:
    """A pattern to follow."""

    source: str
    """APPROACH or CLUSTER."""
    name: str
    description: str
    confidence: float
    sample_size: int
    why: str
    strategy: Mapping[str, Any] | None = None
    generation_parameters: Mapping[str, Any] | None = None
    features: tuple[FeatureContrast, ...] = ()
    example_context_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendations:
    """The answer."""

    patterns: tuple[RecommendedPattern, ...]
    notes: tuple[str, ...]


def recommend(
    task_type: str,
    sample: Sample,
    contexts: Iterable[ContextRecord],
    kept: Sequence[KeptPattern],
    top_k: int,
) -> Recommendations:
    """The `top_k` surest patterns of a task; contexts come newest first."""
    task = task_type.upper()
    approaches = find_approaches([context for context in contexts if context.phase.upper() == task], kept)
    clusters: Sequence[ContentPattern] = ()
    notes = []
    if len(sample) < FEWEST_POSTS:
        notes.append(
            f"Only {len(sample)} posts have a known outcome; from {FEWEST_POSTS} on kinds of posts are compared too."
        )
    else:
        clusters = [one for one in analyze(sample).winning if task in {name.upper() for name in one.applicable_tasks}]
    found = [_of_approach(task, one) for one in approaches] + [_of_cluster(task, one) for one in clusters]
    found.sort(key=lambda one: (-one.confidence, -one.sample_size, one.name))
    if not found:
        notes.append(f"Nothing is known yet of what works for {task}.")
    return Recommendations(tuple(found[:top_k]), tuple(notes))


def _of_approach(task: str, one: Approach) -> RecommendedPattern:
    against = "and nothing else was tried"
    if one.rest_tried:
        against = f"against {one.rest_confirmed} of the other {one.rest_tried}"
    return RecommendedPattern(
        source="APPROACH",
        name=one.name,
        description=_words(one),
        confidence=one.confidence,
        sample_size=one.tried,
        why=f"{one.confirmed} of {one.tried} {task} contexts that were made so did well, {against} "
        f"({certainty(one.confidence)} sure that it works more often).",
        strategy=one.strategy,
        generation_parameters=one.generation_parameters,
        example_context_ids=one.context_ids[:_EXAMPLES],
    )


def _words(one: Approach) -> str:
    parts = [
        f"{kind} {', '.join(f'{name}: {value}' for name, value in settings.items())}"
        for kind, settings in (("strategy", one.strategy), ("parameters", one.generation_parameters))
        if settings
    ]
    parts += one.common
    return "; ".join(parts) or "no strategy or parameters were recorded, and the posts have nothing in common"


def _of_cluster(task: str, one: ContentPattern) -> RecommendedPattern:
    comparison = one.comparison
    lift, lower, upper = one.lift_pct
    return RecommendedPattern(
        source="CLUSTER",
        name=one.id,
        description=one.description,
        confidence=comparison.confidence,
        sample_size=comparison.sample_size,
        why=f"The {comparison.sample_size} posts of this cluster, many of them from {task}, did {lift:.0f}% better "
        f"than the rest ({lower:.0f}% to {upper:.0f}%; effect size {comparison.effect_size:.2f}). The effect was "
        f"measured on posts that were not used to find the cluster.",
        features=one.features,
    )
