"""Whether a cluster does better or worse than the rest, on posts that it was not found on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from groundswell_server.learning.estimates import LEVEL
from groundswell_server.learning.patterns.associations import welch
from groundswell_server.learning.patterns.residuals import Array

SIGNIFICANCE = 0.05
"""Of Welch's test after the correction for the number of clusters."""
LEAST_EFFECT = 0.3
"""Cohen's d."""
LEAST_SAMPLE = 30
LEAST_CONFIDENCE = 0.7
SMALL_EFFECT = 0.2
"""Cohen's d that counts as small (Cohen 1988): confidence is the probability of more."""


@dataclass(frozen=True, slots=True)
class ClusterComparison:
    """How one cluster does against the rest."""

    label: int
    adjusted_p_value: float
    effect_size: float
    """Cohen's d of the outcomes, with the pooled standard deviation."""
    confidence: float
    """Probability that the true d is beyond `SMALL_EFFECT` in the direction seen."""
    difference: float
    """Of the mean outcomes; this and the next two."""
    lower: float
    """Of Welch's 95% interval."""
    upper: float
    sample_size: int
    """Posts in the cluster."""
    confirmation_size: int
    """Those of them that the figures are of."""

    @property
    def is_pattern(self) -> bool:
        """Whether it is a pattern: told from chance, large enough, and sure enough."""
        return (
            self.adjusted_p_value <= SIGNIFICANCE
            and abs(self.effect_size) >= LEAST_EFFECT
            and self.sample_size >= LEAST_SAMPLE
            and self.confidence >= LEAST_CONFIDENCE
        )


def compare_clusters(
    outcomes: Array, labels: NDArray[np.intp], confirms: NDArray[np.bool_], count: int
) -> list[ClusterComparison]:
    """A comparison on each of `count` clusters that can be tested: two posts to confirm on inside, and two outside.

    Outcomes (n,) are compared where `confirms` (n,) is true and they are known (not NaN).
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
    figures = np.array(columns).reshape(len(tested), 6).T
    differences, errors, freedom = welch(*figures)
    p_values = 2.0 * special.stdtr(freedom, -np.abs(differences) / errors)
    reaches = special.stdtrit(freedom, 0.5 + LEVEL / 2.0) * errors
    adjusted = stats.false_discovery_control(p_values, method="bh")
    comparisons = []
    for (label, inside, outside), difference, reach, p_value in zip(
        tested, differences.tolist(), reaches.tolist(), adjusted.tolist(), strict=True
    ):
        effect = cohens_d(inside, outside)
        comparisons.append(
            ClusterComparison(
                label=label,
                adjusted_p_value=p_value,
                effect_size=effect,
                confidence=confidence(effect, len(inside), len(outside)),
                difference=difference,
                lower=difference - reach,
                upper=difference + reach,
                sample_size=int(np.count_nonzero(labels == label)),
                confirmation_size=len(inside),
            )
        )
    return comparisons


def cohens_d(inside: Array, outside: Array) -> float:
    """The difference of means in pooled standard deviations: Cohen 1988, formula 2.5.1."""
    n, m = len(inside), len(outside)
    pooled = ((n - 1) * inside.var(ddof=1) + (m - 1) * outside.var(ddof=1)) / (n + m - 2)
    return float((inside.mean() - outside.mean()) / np.sqrt(pooled))


def confidence(effect: float, n: int, m: int) -> float:
    """Probability that the true effect is beyond `SMALL_EFFECT` in the direction of d, from n and m observations.

    d is nearly normal about it; its variance by Hedges and Olkin 1985, chapter 5, formula 8.
    """
    deviation = np.sqrt((n + m) / (n * m) + effect**2 / (2.0 * (n + m)))
    return float(special.ndtr((abs(effect) - SMALL_EFFECT) / deviation))
