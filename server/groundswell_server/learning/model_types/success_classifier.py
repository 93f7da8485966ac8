"""SUCCESS_CLASSIFIER: the probability that the engagement rate of a post reaches the success threshold."""

from __future__ import annotations

from groundswell_server.learning.enums import THRESHOLD
from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.learning.training.measured_outcomes import MeasuredOutcomes
from groundswell_server.learning.training.probability_model_type import ProbabilityModelType
from groundswell_server.models.model_type import Array, TrainingSettings


def _reaches_threshold(rows: PostRows, settings: TrainingSettings) -> Array:
    return (rows.outcomes >= settings.success_threshold_pct).astype(float)


MODEL_TYPE = ProbabilityModelType(
    name="SUCCESS_CLASSIFIER",
    title="probability that a post reaches the success threshold",
    target=_reaches_threshold,
    outcomes=MeasuredOutcomes(threshold_parameter=THRESHOLD),
    threshold_parameter=THRESHOLD,
)
