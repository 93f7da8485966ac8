"""Records the predictions served for stored contexts, by a write-behind buffer.

A call costs one dictionary look-up. Repeated predictions of a version for a context are one row, which is written again
only when the prediction has changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.models.predictions import Prediction
from groundswell_server.models.serving.prediction_buffer import Key, PredictionBuffer
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import predictions
from groundswell_storage.learning.predictions import ServedPrediction
from groundswell_storage.scope import Scope


class _Waiting(NamedTuple):
    prediction: Prediction
    facts: PostFacts
    served: datetime


class PredictionLog:
    """The predictions of one server; used on its event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._buffer: PredictionBuffer[_Waiting] = PredictionBuffer(executor, _store)

    def record(
        self, workspace: str, context_id: str, model_id: str, prediction: Prediction, facts: PostFacts, served: datetime
    ) -> None:
        """Records the prediction of a version for a context; predictions for other drafts have no outcome."""
        if context_id:
            key = Key(workspace, context_id, model_id)
            self._buffer.put(key, prediction.value, _Waiting(prediction, facts, served))

    async def flush(self) -> None:
        """Writes the buffer, and returns when all entries are durable or given up."""
        await self._buffer.flush()


def stored_features(facts: PostFacts) -> dict[str, Any]:
    """Returns the features of a post as they are stored with its prediction."""
    values = [None if math.isnan(value) else float(value) for value in feature_values(facts)]
    return {"values": values, "category": category(facts)}


def _store(scope: Scope, noted: Sequence[tuple[Key, _Waiting]]) -> None:
    predictions.store(scope, list(_rows(noted)))


def _rows(noted: Iterable[tuple[Key, _Waiting]]) -> Iterable[ServedPrediction]:
    for key, (prediction, facts, served) in noted:
        yield ServedPrediction(
            key.model_id,
            key.subject,
            facts.platform or 0,
            stored_features(facts),
            prediction.value,
            _finite(prediction.lower),
            _finite(prediction.upper),
            served,
        )


def _finite(end: float) -> float | None:
    return end if math.isfinite(end) else None
