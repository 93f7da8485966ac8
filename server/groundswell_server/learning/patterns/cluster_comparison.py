"""Tests of the clusters against the rest, on posts that were not used to find the cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from groundswell_server.learning.estimates import LEVEL
from groundswell_server.learning.patterns.associations import welch
from groundswell_server.learning.patterns.residuals import Array

SIGNIFICANCE = 0.05
"""The significance level of Welch's test after the correction for the number of clusters."""
MIN_EFFECT = 0.3
"""The smallest Cohen's d of a pattern."""
MIN_SAMPLE = 30
MIN_CONFIDENCE = 0.7
SMALL_EFFECT = 0.2
"""Cohen's d of a small effect (Cohen 1988). Confidence is the probability of a larger one."""


@dataclass(frozen=True, slots=True)
class ClusterComparison:
    """The comparison of one cluster with all other posts."""

    label: int
    adjusted_p_value: float
    effect_size: float
    """Cohen's d of the outcomes, with the pooled standard deviation."""
    confidence: float
    """The probability that the true d exceeds `SMALL_EFFECT` in the observed direction."""
    difference: float
    """The difference of the mean outcomes."""
    lower: float
    """The lower end of Welch's 95% interval of the difference."""
    upper: float
    """The upper end of Welch's 95% interval of the difference."""
    sample_size: int
    """The number of posts in the cluster."""
    confirmation_size: int
    """The number of posts in the cluster that the statistics are computed on."""

    @property
    def is_pattern(self) -> bool:
        """True if the difference is significant, large enough, and based on enough posts."""
        return (
            self.adjusted_p_value <= SIGNIFICANCE
            and abs(self.effect_size) >= MIN_EFFECT
            and self.sample_size >= MIN_SAMPLE
            and self.confidence >= MIN_CONFIDENCE
        )


def compare_clusters(
    outcomes: Array, labels: NDArray[np.intp], confirms: NDArray[np.bool_], count: int
) -> list[ClusterComparison]:
    """Compares each of `count` clusters with the rest, as far as it has two posts to confirm on inside and outside.

    Outcomes (n,) are compared where `confirms` (n,) is true and the outcome is known (not NaN).
    """
    usable = confirms & ~np.isnan(outcomes)
    tested = []
    for label in range(count):
        inside, outside = outcomes[usable & (labels == label)], outcomes[usable & (labels != label)]
        if min(len(inside), len(outside)) >= 2 and inside.std() + outside.std() > 0.0:
            tested.append((label, inside, outside))
    if not tested:
        return []
    columns = [(len(posts), posts.sum(), np.square(posts).sum()) for _, *parts in tested for posts in parts]
    moments = np.array(columns).reshape(len(tested), 6).T
    differences, errors, freedom = welch(*moments)
    p_values = 2.0 * special.stdtr(freedom, -np.abs(differences) / errors)
    half_widths = special.stdtrit(freedom, 0.5 + LEVEL / 2.0) * errors
    adjusted = stats.false_discovery_control(p_values, method="bh")
    comparisons = []
    for (label, inside, outside), difference, half_width, p_value in zip(
        tested, differences.tolist(), half_widths.tolist(), adjusted.tolist(), strict=True
    ):
        effect = cohens_d(inside, outside)
        comparisons.append(
            ClusterComparison(
                label=label,
                adjusted_p_value=p_value,
                effect_size=effect,
                confidence=confidence(effect, len(inside), len(outside)),
                difference=difference,
                lower=difference - half_width,
                upper=difference + half_width,
                sample_size=int(np.count_nonzero(labels == label)),
                confirmation_size=len(inside),
            )
        )
    return comparisons


def cohens_d(inside: Array, outside: Array) -> float:
    """Returns the difference of the means in pooled standard deviations (Cohen 1988, formula 2.5.1)."""
    n, m = len(inside), len(outside)
    pooled = ((n - 1) * inside.var(ddof=1) + (m - 1) * outside.var(ddof=1)) / (n + m - 2)
    return float((inside.mean() - outside.mean()) / np.sqrt(pooled))


def confidence(effect: float, n: int, m: int) -> float:
    """Returns the probability that the true effect exceeds `SMALL_EFFECT` in the direction of d.

    `n` and `m` are the numbers of observations inside and outside. The estimate d is approximately normal about the
    true effect, with the variance of Hedges and Olkin 1985, chapter 5, formula 8.
    """
    deviation = np.sqrt((n + m) / (n * m) + effect**2 / (2.0 * (n + m)))
    return float(special.ndtr((abs(effect) - SMALL_EFFECT) / deviation))
