"""Simulated errors and inputs of a version in service: as in its test, until a shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_features import FEATURES
from groundswell_server.models.drift.assessment import Assessment, Evidence, assess
from groundswell_server.models.drift.baseline import Baseline, FeatureBaseline
from groundswell_server.statistics.two_sample_tests import Summary

Array = NDArray[np.float64]
EVERY = 50
"""Outcomes between two looks."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A baseline, and what came afterwards."""

    baseline: Baseline
    residuals: Array
    """(n,), oldest first."""
    inputs: Sequence[Mapping[str, Any]]
    """n rows, oldest first."""

    def look(self, outcomes: int, number: int) -> Assessment:
        """The look that is taken after so many outcomes."""
        known = self.residuals[:outcomes]
        return assess(self.baseline, Evidence(np.abs(known), known, self.inputs[:outcomes]), number)

    def first_alarm(self) -> int | None:
        """After how many outcomes a look warns first; None when none does."""
        for number, outcomes in enumerate(range(EVERY, len(self.residuals) + 1, EVERY), 1):
            if self.look(outcomes, number).decisive.status != "NO_DRIFT":
                return outcomes
        return None


def simulate(
    seed: int,
    outcomes: int,
    *,
    tested: int = 150,
    shift_at: int | None = None,
    target_shift: float = 0.0,
    input_shift: float = 0.0,
) -> Stream:
    """Absolute errors of normal residuals, and 18 normal features, the second half of them rounded to few values.

    From `shift_at` on residuals have moved by `target_shift` of their standard deviations, one feature by
    `input_shift` of its own.
    """
    random = np.random.default_rng(seed)
    test = random.normal(size=tested)
    learnt = _features(random, 500)
    points = {
        name: FeatureBaseline(np.sort(column)[::2], 500.0)
        for name, column in zip(FEATURES, learnt.T, strict=True)
        if name != "content_category"
    }
    residuals, features = random.normal(size=outcomes), _features(random, outcomes)
    if shift_at is not None:
        residuals[shift_at:] += target_shift
        features[shift_at:, 0] += input_shift
    inputs = [{"values": row, "category": None} for row in features.tolist()]
    errors = np.abs(test)
    baseline = Baseline(Summary.of(errors), Summary.of(test), float(errors.mean()), points, FEATURES)
    return Stream(baseline, residuals, inputs)


def _features(random: np.random.Generator, rows: int) -> Array:
    values = random.normal(size=(rows, len(FEATURES)))
    values[:, len(FEATURES) // 2 :] = values[:, len(FEATURES) // 2 :].round()
    return values
