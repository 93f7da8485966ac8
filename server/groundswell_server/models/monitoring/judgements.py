"""Errors of served predictions whose outcome is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from groundswell_server.models import model_types
from groundswell_server.models.model_type import Array, ModelType
from groundswell_server.models.outcomes import Observations
from groundswell_storage.learning.model_versions import Figures, ModelVersion


class Judgement(NamedTuple):
    """The predictions of a version with known outcomes, measured as its type measures them."""

    model_type: ModelType[Any]
    observed: Observations

    @property
    def errors(self) -> Array:
        """The error of each prediction (n,); their mean is the headline metric of the type."""
        return self.model_type.errors(self.observed.outcomes, self.observed.predictions.value)

    @property
    def residuals(self) -> Array:
        """Outcome less prediction (n,)."""
        return self.model_type.residuals(self.observed.outcomes, self.observed.predictions.value)

    def metrics(self) -> Figures:
        """Returns all metrics of the type."""
        measured = self.model_type.measure(self.observed.outcomes, self.observed.predictions)
        return {**measured, "sample_size": float(len(self.observed.outcomes))}


def judge(version: ModelVersion, known: Sequence[Any]) -> Judgement:
    """Compares predictions of a version with their outcomes, all of which are known."""
    kind = model_types.get(version.model_type)
    return Judgement(kind, kind.outcomes.observe(version, known, kind.labels, kind.positive))
