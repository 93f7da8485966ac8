"""CONVERSION_PREDICTOR: the probability that a post converts, learnt from posts that people labelled."""

from __future__ import annotations

from groundswell_server.learning.enums import CONVERTED
from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.learning.training import post_examples
from groundswell_server.learning.training.probability_model_type import ProbabilityModelType
from groundswell_server.models.model_type import Array, TrainingSettings, TrainingSpan
from groundswell_server.models.outcomes import LabelledOutcomes
from groundswell_storage.engagement import learning_rows
from groundswell_storage.scope import Scope

_NAME = "CONVERSION_PREDICTOR"


def _converted(rows: PostRows, settings: TrainingSettings) -> Array:
    return rows.outcomes


def _read_labelled_posts(scope: Scope, span: TrainingSpan) -> list[Example]:
    """Reads labelled posts as examples whose outcome is 1 for converted posts, else 0."""
    rows = learning_rows.labelled_rows(
        scope,
        model_type=_NAME,
        positive=CONVERTED,
        since=span.as_of - span.lookback,
        until=span.as_of,
        persona_id=span.persona_id or None,
    )
    return post_examples.with_trailing_record(scope, span, list(rows))


MODEL_TYPE = ProbabilityModelType(
    name=_NAME,
    title="probability that a post converts",
    target=_converted,
    outcomes=LabelledOutcomes(),
    labels=("not_converted", CONVERTED),
    positive=CONVERTED,
    read=_read_labelled_posts,
)
