"""What content that does well, or badly, has in common: clusters of posts whose outcome differs from the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.enums import content_type_name
from groundswell_server.learning.patterns.associations import percent
from groundswell_server.learning.patterns.cluster_comparison import ClusterComparison, compare_clusters
from groundswell_server.learning.patterns.clusters import Clustering, cluster
from groundswell_server.learning.patterns.content_features import ContentFeatures, FeatureContrast, content_features
from groundswell_server.learning.patterns.descriptions import certainty, describe, signature
from groundswell_server.learning.patterns.residuals import cells, log_rates, residuals
from groundswell_server.learning.patterns.sample import Sample
from groundswell_storage.errors import FailedPrecondition

FEWEST_POSTS = 50
_TASK_SHARE = 0.1
"""Of a cluster's posts, from which the task that they came of is named."""
_HARDLY_APART = 0.25
"""Silhouette below which clusters run into each other."""


@dataclass(frozen=True, slots=True)
class ContentPattern:
    """A cluster of posts whose outcome differs from the rest."""

    id: str
    winning: bool
    description: str
    features: tuple[FeatureContrast, ...]
    """The most distinguishing first."""
    comparison: ClusterComparison
    applicable_tasks: tuple[str, ...]

    @property
    def lift_pct(self) -> tuple[float, float, float]:
        """By how many percent engagement is higher than that of the rest, with the ends of its interval."""
        return percent(self.comparison.difference), percent(self.comparison.lower), percent(self.comparison.upper)


@dataclass(frozen=True, slots=True)
class Analysis:
    """The answer."""

    winning: tuple[ContentPattern, ...]
    losing: tuple[ContentPattern, ...]
    clustering: Clustering
    sample_size: int
    mean_rate_pct: float
    insights: tuple[str, ...]
    notes: tuple[str, ...]


def analyze(sample: Sample) -> Analysis:
    """Raises FailedPrecondition (`INSUFFICIENT_SAMPLES`) under `FEWEST_POSTS` posts."""
    if len(sample) < FEWEST_POSTS:
        raise FailedPrecondition(
            f"patterns take {FEWEST_POSTS} posts whose outcome is known, and there are {len(sample)}",
            reason="INSUFFICIENT_SAMPLES",
            metadata={"have": str(len(sample)), "need": str(FEWEST_POSTS)},
        )
    features = content_features(sample)
    found = cluster(features.standardised())
    # Against the same persona's level on the same platform: otherwise whoever has the most loyal readers has the
    # winning pattern.
    outcomes = residuals(log_rates(sample.rates.tolist()), cells(sample.accounts), np.zeros((len(sample), 0))).values
    patterns = [
        _pattern(sample, features, found.labels == comparison.label, comparison)
        for comparison in compare_clusters(outcomes, found.labels, found.confirms, found.count)
        if comparison.is_pattern
    ]
    patterns = _numbered(sorted(patterns, key=lambda pattern: -abs(pattern.comparison.effect_size)))
    winning = tuple(pattern for pattern in patterns if pattern.winning)
    losing = tuple(pattern for pattern in patterns if not pattern.winning)
    mean = float(sample.rates.mean())
    return Analysis(
        winning, losing, found, len(sample), mean, _insights(winning, losing, found), _notes(found, len(sample))
    )


def tasks_of(sample: Sample, inside: NDArray[np.bool_]) -> tuple[str, ...]:
    """The task types that posts came of: phases of contexts and types of content, most frequent first."""
    posts = [sample.posts[place] for place in np.flatnonzero(inside).tolist()]
    names = Counter(task for post in posts for task in {post.phase, content_type_name(post.content_type)} if task)
    frequent = [name for name, count in names.items() if count >= _TASK_SHARE * len(posts)]
    return tuple(sorted(frequent, key=lambda name: (-names[name], name)))


def _pattern(
    sample: Sample, features: ContentFeatures, inside: NDArray[np.bool_], comparison: ClusterComparison
) -> ContentPattern:
    contrasts = tuple(features.compare(inside))
    winning = comparison.effect_size > 0
    kind = "winning" if winning else "losing"
    digest = blake2b(signature(contrasts).encode(), digest_size=4).hexdigest()
    lift = percent(comparison.difference)
    description = f"Posts do {abs(lift):.0f}% {'better' if winning else 'worse'} when they {describe(contrasts)}"
    return ContentPattern(f"{kind}-{digest}", winning, description, contrasts, comparison, tasks_of(sample, inside))


def _numbered(patterns: Sequence[ContentPattern]) -> list[ContentPattern]:
    """The patterns with ids of which no two are alike, should the same features distinguish two of them."""
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
            return ("The posts do not differ in what they are made of.",)
        return (f"None of {found.count} kinds of posts does clearly better or worse than the rest.",)
    told = [
        f"{len(winning)} of {found.count} kinds of posts do clearly better than the rest, {len(losing)} clearly worse."
    ]
    for words, patterns in (("What works best", winning), ("What to avoid first", losing)):
        if patterns:
            best = patterns[0]
            told.append(
                f"{words}: {best.description[0].lower()}{best.description[1:]}; effect size "
                f"{best.comparison.effect_size:+.2f}, confidence {certainty(best.comparison.confidence)}, "
                f"{best.comparison.sample_size} posts."
            )
    return tuple(told)


def _notes(found: Clustering, count: int) -> tuple[str, ...]:
    notes = ["Engagement is compared with the same persona's on the same platform. This is association, not cause."]
    if found.cross_fitted:
        notes.append(f"{count} posts are few: each half of them confirmed what the other half found (cross-fitting).")
    else:
        notes.append("Clusters were found on one half of the posts and confirmed on the other.")
    if found.count and found.silhouette < _HARDLY_APART:
        notes.append(f"The kinds of posts run into each other (silhouette {found.silhouette:.2f}).")
    return tuple(notes)
