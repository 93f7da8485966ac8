"""CONVERSION_PREDICTOR: whether a post will convert, learnt from posts that somebody said did or did not."""

from __future__ import annotations

from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.learning.training import labelled_posts
from groundswell_server.learning.training.probability_model_type import ProbabilityModelType
from groundswell_server.models.model_type import Array, TrainingSettings
from groundswell_server.models.registry import CONVERTED

_LABELS = "not_converted", CONVERTED


def _converted(rows: PostRows, settings: TrainingSettings) -> Array:
    return rows.outcomes


MODEL_TYPE = ProbabilityModelType(
    name="CONVERSION_PREDICTOR",
    title="probability that a post converts",
    target=_converted,
    labels=_LABELS,
    positive=_LABELS[1],
    read=labelled_posts.reader("CONVERSION_PREDICTOR", _LABELS[1]),
)
