"""Has the world moved away from a version? Four looks at it, and one answer. Pure: arrays in, an assessment out.

- Performance: the newest errors against those of its own test, by Welch's t-test.
- Bias: the newest residuals (outcome less prediction) against those of its test, by the same test on both sides. A
  world that has become kinder or harsher shows here long before it shows in the size of the errors.
- The error stream: whether and where it rose, by ADWIN.
- Inputs: each feature against what it learnt from, by Kolmogorov and Smirnov's test, corrected for their number.

The score of performance and stream is the rise of the mean error over what it was, that of bias the move of the mean
residual over the mean absolute one of the test, that of the inputs the distance D of the feature that moved most, from
500 rows on its population stability index. A part warns when its score is 0.1 and its p value below 0.05; it is
critical from a score of 0.2. The p value is that after all corrections: for the features, for the four parts, and for
the number of looks taken at this version (but for the stream, where ADWIN sees to that), of which the k-th may spend
1 / (k (k + 1)) of the error: those shares add up to 1 however often one looks. The score alone would warn of nothing in
17% of looks at 50 samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from groundswell_server.models.drift.baseline import Baseline
from groundswell_server.models.drift.error_stream import Rise, find_rise
from groundswell_server.statistics.two_sample_tests import (
    Array,
    Summary,
    effective_size,
    ks_distance,
    ks_p_value,
    population_stability_index,
    welch_different,
    welch_greater,
)

WARNING, CRITICAL = 0.1, 0.2
"""Scores from which on a part warns, and is critical."""
SIGNIFICANCE = 0.05
FEWEST = 50
"""Outcomes that an answer takes."""
RECENT = 100
"""Newest errors that are compared with the test."""
RECENT_INPUTS, PSI_ROWS = 200, 500
"""Newest rows that features are compared by, and rows from which on there is a population stability index."""
_PARTS = 4


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """A feature among what was predicted lately, against what was learnt from."""

    feature: str
    distance: float
    """Kolmogorov and Smirnov's D, 0 to 1."""
    p_value: float
    """Corrected for the number of features."""
    stability_index: float | None
    """None below `PSI_ROWS` rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the looks."""

    name: str
    """`performance`, `bias`, `error_stream` or `inputs`."""
    score: float
    """0 to 1."""
    p_value: float
    """After all corrections."""

    @property
    def status(self) -> str:
        """By score and p value both."""
        if self.p_value >= SIGNIFICANCE or self.score < WARNING:
            return "NO_DRIFT"
        return "WARNING" if self.score < CRITICAL else "CRITICAL"


@dataclass(frozen=True, slots=True)
class Assessment:
    """All looks, and what follows."""

    parts: Sequence[Part]
    live_error: float
    """Mean of the newest errors."""
    rise: Rise | None
    features: Sequence[FeatureDrift]
    """The one that moved most first."""

    @property
    def decisive(self) -> Part:
        """The part that the answer is from: the worst, or the highest score where none is beyond chance."""
        order = ("NO_DRIFT", "WARNING", "CRITICAL")
        return max(self.parts, key=lambda part: (order.index(part.status), part.score))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a version in service, each oldest first."""

    errors: Array
    """(n,) whose mean is the headline metric; at least `FEWEST`."""
    residuals: Array
    """(n,) outcome less prediction."""
    inputs: Sequence[Mapping[str, Any]]
    """Features of what it was asked about, as they are kept with predictions."""


def assess(baseline: Baseline, evidence: Evidence, look: int) -> Assessment:
    """What the evidence says.

    `look`: how often this version has been looked at, this time included.
    """
    recent, residuals = Summary.of(evidence.errors[-RECENT:]), Summary.of(evidence.residuals[-RECENT:])
    rise = find_rise(evidence.errors, baseline.errors)
    enough = baseline.features and len(evidence.inputs) >= FEWEST
    features = compare_features(baseline, evidence.inputs) if enough else ()
    spend = _PARTS * look * (look + 1)
    parts = [
        Part(
            "performance",
            _share(recent.mean - baseline.errors.mean, baseline.errors.mean),
            min(1.0, spend * welch_greater(baseline.errors, recent)),
        ),
        Part(
            "bias",
            _share(abs(residuals.mean - baseline.residuals.mean), baseline.absolute_residual),
            min(1.0, spend * welch_different(baseline.residuals, residuals)),
        ),
    ]
    if rise is not None:
        parts.append(
            Part("error_stream", _share(rise.after - rise.before, rise.before), min(1.0, _PARTS * rise.p_value))
        )
    if features:
        # The feature that is surest to have moved decides, and the farthest among those as sure.
        surest = min(features, key=lambda one: (one.p_value, -one.distance))
        moved = surest.distance if surest.stability_index is None else surest.stability_index
        parts.append(Part("inputs", min(1.0, moved), min(1.0, spend * surest.p_value)))
    return Assessment(parts, recent.mean, rise, features)


def compare_features(baseline: Baseline, inputs: Sequence[Mapping[str, Any]]) -> Sequence[FeatureDrift]:
    """Each feature of the newest predictions against what was learnt from, the one that moved most first."""
    found = []
    for name, values in baseline.values(inputs).items():
        reference, recent = baseline.features[name], values[-RECENT_INPUTS:]
        distance = ks_distance(reference.points, recent)
        p_value = len(baseline.features) * ks_p_value(distance, reference.size, effective_size(recent))
        index = population_stability_index(reference.points, values) if len(values) >= PSI_ROWS else None
        found.append(FeatureDrift(name, distance, min(1.0, p_value), index))
    return sorted(found, key=lambda one: -one.distance)


def _share(change: float, of: float) -> float:
    """A change for the worse as a share of what was, 0 to 1."""
    if change <= 0.0:
        return 0.0
    return min(1.0, change / of) if of > 0.0 else 1.0
