"""Predictions and what came of them, as arrays in the unit of what the version predicts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groundswell_server.learning import model_types, registry
from groundswell_server.learning.prediction.predictions import Predictions
from groundswell_server.learning.training.model_type import Array
from groundswell_storage.learning import Figures, ModelVersion
from groundswell_storage.predictions import JudgedPrediction


def outcomes_of(version: ModelVersion, known: Sequence[JudgedPrediction]) -> Array:
    """What came of predictions (n,): the rate, or for a classifier whether it reached the threshold."""
    rates = np.array([one.outcome_rate_pct for one in known], dtype=np.float64)
    if version.model_type != registry.SUCCESS:
        return rates
    threshold = float(version.result.parameters[registry.THRESHOLD])
    return (rates >= threshold).astype(np.float64)


def values_of(known: Sequence[JudgedPrediction]) -> Array:
    """What was said (n,)."""
    return np.array([one.value for one in known], dtype=np.float64)


def errors_of(version: ModelVersion, known: Sequence[JudgedPrediction]) -> Array:
    """The error of each (n,), whose mean is the headline metric of the type."""
    return model_types.get(version.model_type).errors(outcomes_of(version, known), values_of(known))


def residuals_of(version: ModelVersion, known: Sequence[JudgedPrediction]) -> Array:
    """Outcome less prediction of each (n,)."""
    return outcomes_of(version, known) - values_of(known)


def figures_of(version: ModelVersion, known: Sequence[JudgedPrediction]) -> Figures:
    """All metrics of the type over predictions whose outcome is known, at least one."""
    # An end that was not kept is infinite.
    lower = np.array([-np.inf if one.lower is None else one.lower for one in known])
    upper = np.array([np.inf if one.upper is None else one.upper for one in known])
    found = Predictions(values_of(known), lower, upper)
    measured = model_types.get(version.model_type).measure(outcomes_of(version, known), found)
    return {**measured, "sample_size": float(len(known))}
