"""Predictions and what came of them, as arrays in the unit of what the version predicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from groundswell_server.learning import model_types
from groundswell_server.learning.monitoring.kept import Kept
from groundswell_server.models import registry
from groundswell_server.models.model_type import Array, ModelType
from groundswell_server.models.predictions import Predictions
from groundswell_storage.learning.labelled_predictions import LabelledPrediction
from groundswell_storage.learning.model_versions import Figures, ModelVersion
from groundswell_storage.learning.predictions import JudgedPrediction


class Judged(NamedTuple):
    """At least one prediction whose outcome is known."""

    kind: ModelType[Any]
    said: Predictions
    outcomes: Array
    """(n,) what came of each: the rate, whether it reached the threshold, or the place of its label."""
    mean_said: float
    """Of a rate or a probability; of texts with many labels, of the probability of the likeliest."""
    mean_outcome: float
    """Of the same: rates, the share of what was looked for, or of labels that were right."""

    @property
    def errors(self) -> Array:
        """The error of each (n,), persona_and_platform mean is the headline metric of the type."""
        return self.kind.errors(self.outcomes, self.said.value)

    @property
    def residuals(self) -> Array:
        """How much more came of each (n,) than was said."""
        return self.kind.residuals(self.outcomes, self.said.value)

    def figures(self) -> Figures:
        """All metrics of the type."""
        return {**self.kind.measure(self.outcomes, self.said), "sample_size": float(len(self.outcomes))}


def judge(version: ModelVersion, known: Kept) -> Judged:
    """What a version said, against what came of it."""
    kind = model_types.get(version.model_type)
    if version.model_type in registry.MEASURED:
        return _measured(version, kind, [one for one in known if isinstance(one, JudgedPrediction)])
    labelled = [one for one in known if isinstance(one, LabelledPrediction)]
    return _classified(kind, labelled) if kind.subject == "text" else _looked_for(kind, labelled)


def _measured(version: ModelVersion, kind: ModelType[Any], known: Sequence[JudgedPrediction]) -> Judged:
    outcomes = np.array([one.outcome_rate_pct for one in known], dtype=np.float64)
    if version.model_type == registry.SUCCESS:
        outcomes = (outcomes >= float(version.result.parameters[registry.THRESHOLD])).astype(np.float64)
    values = np.array([one.value for one in known], dtype=np.float64)
    # An end that was not kept is infinite.
    lower = np.array([-np.inf if one.lower is None else one.lower for one in known])
    upper = np.array([np.inf if one.upper is None else one.upper for one in known])
    return Judged(kind, Predictions(values, lower, upper), outcomes, float(values.mean()), float(outcomes.mean()))


def _looked_for(kind: ModelType[Any], known: Sequence[LabelledPrediction]) -> Judged:
    """By the probability of the one label that the type looks for."""
    values = np.array([one.probabilities[kind.positive] for one in known], dtype=np.float64)
    outcomes = np.array([one.label == kind.positive for one in known], dtype=np.float64)
    said = Predictions(values, values, values)
    return Judged(kind, said, outcomes, float(values.mean()), float(outcomes.mean()))


def _classified(kind: ModelType[Any], known: Sequence[LabelledPrediction]) -> Judged:
    """By the probabilities (n, k) of all labels: the type's own, or those that were given and said."""
    named = {one.label for one in known}.union(*(one.probabilities for one in known))
    classes = list(kind.labels) or sorted(named)
    values = np.array([[one.probabilities.get(label, 0.0) for label in classes] for one in known], dtype=np.float64)
    outcomes = np.array([classes.index(one.label) for one in known], dtype=np.float64)
    if kind.positive:
        place = classes.index(kind.positive)
        promised, came = values[:, place], outcomes == place
    else:
        promised, came = values.max(axis=1), values.argmax(axis=1) == outcomes
    return Judged(kind, Predictions(values, values, values), outcomes, float(promised.mean()), float(came.mean()))
