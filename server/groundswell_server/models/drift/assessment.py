"""Assesses the drift of a version by four tests with one answer. Pure: arrays in, an assessment out.

- Performance: the newest errors against those of its own test, by Welch's t-test.
- Bias: the newest residuals (outcome less prediction) against those of its test, by the two-sided Welch's t-test. A
  shift of all outcomes shows in the residuals long before it shows in the size of the errors.
- Error stream: a rise of the error and its position, by ADWIN.
- Inputs: each feature against its training values, by the Kolmogorov-Smirnov test, corrected for the number of
  features.

The score of performance and error stream is the relative rise of the mean error; that of bias is the shift of the mean
residual divided by the mean absolute residual of the test; that of inputs is the distance D of the most drifted
feature, or from 500 rows on its population stability index. A part warns when its score is at least 0.1 and its p value
is below 0.05; it is critical from a score of 0.2. The p value includes all corrections: for the features, for the four
parts, and for the number of checks of this version (except for the error stream, where ADWIN handles repeated checks).
The k-th check may spend 1 / (k (k + 1)) of the error; these shares add up to 1 however many checks follow. The score
alone would give a false warning in 17% of checks at 50 samples.
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
"""Scores at or above which a part warns, and is critical."""
SIGNIFICANCE = 0.05
MIN_PREDICTIONS = 50
"""The minimum number of outcomes for an assessment."""
RECENT = 100
"""Number of newest errors that are compared with the test."""
RECENT_INPUTS, PSI_ROWS = 200, 500
"""Number of newest rows that features are compared by, and of rows from which there is a population stability index."""
_PARTS = 4


@dataclass(frozen=True, slots=True)
class FeatureDrift:
    """Drift of one feature between training and recent predictions."""

    feature: str
    distance: float
    """Kolmogorov-Smirnov distance D, 0 to 1."""
    p_value: float
    """Corrected for the number of features."""
    stability_index: float | None
    """None below `PSI_ROWS` rows."""


@dataclass(frozen=True, slots=True)
class Part:
    """The result of one of the four tests."""

    name: str
    """`performance`, `bias`, `error_stream` or `inputs`."""
    score: float
    """0 to 1."""
    p_value: float
    """Includes all corrections."""

    @property
    def status(self) -> str:
        """The status by score and p value together."""
        if self.p_value >= SIGNIFICANCE or self.score < WARNING:
            return "NO_DRIFT"
        return "WARNING" if self.score < CRITICAL else "CRITICAL"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The results of all tests."""

    parts: Sequence[Part]
    live_error: float
    """Mean of the newest errors."""
    rise: Rise | None
    features: Sequence[FeatureDrift]
    """The feature with the largest distance first."""

    @property
    def decisive(self) -> Part:
        """The deciding part, which has the worst status, then the highest score."""
        order = ("NO_DRIFT", "WARNING", "CRITICAL")
        return max(self.parts, key=lambda part: (order.index(part.status), part.score))


@dataclass(frozen=True, slots=True)
class Evidence:
    """Data on a version in service, each series oldest first."""

    errors: Array
    """(n,) errors whose mean is the headline metric; at least `MIN_PREDICTIONS`."""
    residuals: Array
    """(n,) outcome less prediction."""
    inputs: Sequence[Mapping[str, Any]]
    """Features of recent predictions, as they are stored with these."""


def assess(baseline: Baseline, evidence: Evidence, check_number: int) -> Assessment:
    """Assesses the drift that the evidence shows.

    `check_number` is the number of checks of this version, this one included.
    """
    recent, residuals = Summary.of(evidence.errors[-RECENT:]), Summary.of(evidence.residuals[-RECENT:])
    rise = find_rise(evidence.errors, baseline.errors)
    enough = baseline.features and len(evidence.inputs) >= MIN_PREDICTIONS
    features = compare_features(baseline, evidence.inputs) if enough else ()
    spend = _PARTS * check_number * (check_number + 1)
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
        # The feature with the smallest p value decides; among equal ones, that with the largest distance.
        surest = min(features, key=lambda one: (one.p_value, -one.distance))
        moved = surest.distance if surest.stability_index is None else surest.stability_index
        parts.append(Part("inputs", min(1.0, moved), min(1.0, spend * surest.p_value)))
    return Assessment(parts, recent.mean, rise, features)


def compare_features(baseline: Baseline, inputs: Sequence[Mapping[str, Any]]) -> Sequence[FeatureDrift]:
    """Compares each feature of the newest predictions with its training values; the largest distance comes first."""
    found = []
    for name, values in baseline.values(inputs).items():
        reference, recent = baseline.features[name], values[-RECENT_INPUTS:]
        distance = ks_distance(reference.points, recent)
        p_value = len(baseline.features) * ks_p_value(distance, reference.size, effective_size(recent))
        index = population_stability_index(reference.points, values) if len(values) >= PSI_ROWS else None
        found.append(FeatureDrift(name, distance, min(1.0, p_value), index))
    return sorted(found, key=lambda one: -one.distance)


def _share(change: float, of: float) -> float:
    """Returns a harmful change as a share of the reference, 0 to 1."""
    if change <= 0.0:
        return 0.0
    return min(1.0, change / of) if of > 0.0 else 1.0
