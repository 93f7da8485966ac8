"""Content patterns: clusters of posts whose engagement differs from that of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.enums import PatternType
from groundswell_server.learning.estimates import Estimate
from groundswell_server.learning.patterns.associations import percent
from groundswell_server.learning.patterns.cluster_comparison import ClusterComparison, compare_clusters
from groundswell_server.learning.patterns.clusters import Clustering, cluster
from groundswell_server.learning.patterns.content_features import ContentFeatures, PatternFeature, content_features
from groundswell_server.learning.patterns.descriptions import describe, format_probability, signature
from groundswell_server.learning.patterns.residuals import cells, log_rates, residuals
from groundswell_server.learning.patterns.sample import Sample
from groundswell_storage.engagement.enums import ContentType
from groundswell_storage.errors import FailedPrecondition

MIN_POSTS = 50
_MIN_TASK_SHARE = 0.1
"""The share of a cluster's posts from which a task type applies to the pattern."""
_OVERLAPPING = 0.25
"""The silhouette below which clusters overlap."""


@dataclass(frozen=True, slots=True)
class ContentPattern:
    """A cluster of posts whose engagement differs from that of the rest. The fields are those of the contract."""

    id: str
    type: PatternType
    description: str
    features: tuple[PatternFeature, ...]
    """The most distinguishing first."""
    confidence: float
    sample_size: int
    confirmation_size: int
    effect_size: float
    lift_pct: Estimate
    adjusted_p_value: float
    applicable_tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PatternStatistics:
    """Statistics of the sample and its clusters. The fields are those of the contract."""

    sample_size: int
    cluster_count: int
    silhouette: float
    winning_count: int
    losing_count: int
    lookback_days: int
    cross_fitted: bool
    mean_rate_pct: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer to AnalyzePatterns."""

    winning_patterns: tuple[ContentPattern, ...]
    losing_patterns: tuple[ContentPattern, ...]
    insights: tuple[str, ...]
    statistics: PatternStatistics
    notes: tuple[str, ...]


def analyze(sample: Sample, lookback_days: int = 0) -> Analysis:
    """Finds the winning and losing patterns of a sample of the last `lookback_days`.

    Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`) under `MIN_POSTS` posts.
    """
    if len(sample) < MIN_POSTS:
        raise FailedPrecondition(
            f"patterns need at least {MIN_POSTS} posts with a known rate, got {len(sample)}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(sample)), "need": str(MIN_POSTS)},
        )
    features = content_features(sample)
    found = cluster(features.standardised())
    # Each post is compared with its persona's level on the same platform. Otherwise the favourite content of the
    # persona with the largest following would win.
    outcomes = residuals(log_rates(sample.rates.tolist()), cells(sample.accounts), np.zeros((len(sample), 0))).values
    patterns = [
        _pattern(sample, features, found.labels == comparison.label, comparison)
        for comparison in compare_clusters(outcomes, found.labels, found.confirms, found.count)
        if comparison.is_pattern
    ]
    patterns = _with_unique_ids(sorted(patterns, key=lambda pattern: -abs(pattern.effect_size)))
    winning = tuple(pattern for pattern in patterns if pattern.type == PatternType.WINNING)
    losing = tuple(pattern for pattern in patterns if pattern.type == PatternType.LOSING)
    return Analysis(
        winning,
        losing,
        _insights(winning, losing, found),
        PatternStatistics(
            sample_size=len(sample),
            cluster_count=found.count,
            silhouette=found.silhouette,
            winning_count=len(winning),
            losing_count=len(losing),
            lookback_days=lookback_days,
            cross_fitted=found.cross_fitted,
            mean_rate_pct=float(sample.rates.mean()),
        ),
        _notes(found, len(sample)),
    )


def tasks_of(sample: Sample, inside: NDArray[np.bool_]) -> tuple[str, ...]:
    """Returns the task types of the posts `inside` (n,), the most frequent first: phases and content types."""
    posts = [sample.posts[place] for place in np.flatnonzero(inside).tolist()]
    names = Counter(task for post in posts for task in {post.phase, _content_type(post.content_type)} if task)
    frequent = [name for name, count in names.items() if count >= _MIN_TASK_SHARE * len(posts)]
    return tuple(sorted(frequent, key=lambda name: (-names[name], name)))


def _content_type(number: int) -> str:
    return ContentType(number).name if number else ""


def _pattern(
    sample: Sample, features: ContentFeatures, inside: NDArray[np.bool_], comparison: ClusterComparison
) -> ContentPattern:
    contrasts = tuple(features.compare(inside))
    winning = comparison.effect_size > 0
    digest = blake2b(signature(contrasts).encode(), digest_size=4).hexdigest()
    lift, lower, upper = (percent(end) for end in (comparison.difference, comparison.lower, comparison.upper))
    return ContentPattern(
        id=f"{'winning' if winning else 'losing'}-{digest}",
        type=PatternType.WINNING if winning else PatternType.LOSING,
        description=f"Posts do {abs(lift):.0f}% {'better' if winning else 'worse'} when they {describe(contrasts)}",
        features=contrasts,
        confidence=comparison.confidence,
        sample_size=comparison.sample_size,
        confirmation_size=comparison.confirmation_size,
        effect_size=comparison.effect_size,
        lift_pct=Estimate.of(lift, lower, upper, comparison.confirmation_size),
        adjusted_p_value=comparison.adjusted_p_value,
        applicable_tasks=tasks_of(sample, inside),
    )


def _with_unique_ids(patterns: Sequence[ContentPattern]) -> list[ContentPattern]:
    """Numbers the patterns whose distinguishing features, and therefore ids, are the same."""
    seen: Counter[str] = Counter()
    found = []
    for pattern in patterns:
        seen[pattern.id] += 1
        number = seen[pattern.id]
        found.append(pattern if number == 1 else replace(pattern, id=f"{pattern.id}-{number}"))
    return found


def _insights(
    winning: Sequence[ContentPattern], losing: Sequence[ContentPattern], found: Clustering
) -> tuple[str, ...]:
    if not winning and not losing:
        if not found.count:
            return ("The posts do not differ in their content features.",)
        return (f"None of the {found.count} clusters of posts does clearly better or worse than the rest.",)
    insights = [
        (
            f"{len(winning)} of {found.count} clusters of posts do clearly better than the rest, {len(losing)} do "
            "clearly worse."
        )
    ]
    for words, patterns in (("Best pattern", winning), ("Worst pattern", losing)):
        if patterns:
            first = patterns[0]
            insights.append(
                f"{words}: {first.description[0].lower()}{first.description[1:]}; effect size "
                f"{first.effect_size:+.2f}, confidence {format_probability(first.confidence)}, "
                f"{first.sample_size} posts."
            )
    return tuple(insights)


def _notes(found: Clustering, count: int) -> tuple[str, ...]:
    notes = [
        "Each post is compared with the posts of the same persona on the same platform. This is association, not cause."
    ]
    if found.cross_fitted:
        notes.append(
            f"With only {count} posts, each half confirmed the clusters that the other half found (cross-fitting)."
        )
    else:
        notes.append("Clusters were found on one half of the posts and confirmed on the other half.")
    if found.count and found.silhouette < _OVERLAPPING:
        notes.append(f"The clusters overlap (silhouette {found.silhouette:.2f}).")
    return tuple(notes)
