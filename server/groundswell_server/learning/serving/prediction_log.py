"""Keeping the predictions that were served for stored contexts, behind the answers.

A call pays for a look into a dictionary. What a version says of a context again and again is one row, and written again
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
from groundswell_server.models.serving.write_behind import Key, WriteBehind
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import predictions
from groundswell_storage.learning.predictions import ServedPrediction
from groundswell_storage.scope import Scope


class _Waiting(NamedTuple):
    prediction: Prediction
    facts: PostFacts
    served: datetime


class PredictionLog:
    """One for a server; used on its event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._behind: WriteBehind[_Waiting] = WriteBehind(executor, _keep)

    def note(
        self, workspace: str, context_id: str, model_id: str, prediction: Prediction, facts: PostFacts, served: datetime
    ) -> None:
        """Notes what a version said of a context; what is said of a draft alone has no outcome to wait for."""
        if context_id:
            key = Key(workspace, context_id, model_id)
            self._behind.note(key, prediction.value, _Waiting(prediction, facts, served))

    async def flush(self) -> None:
        """Writes what waits, and returns when all is durable or given up."""
        await self._behind.flush()


def kept_features(facts: PostFacts) -> dict[str, Any]:
    """The features of a post as they are kept with what was predicted from them."""
    values = [None if math.isnan(value) else float(value) for value in feature_values(facts)]
    return {"values": values, "category": category(facts)}


def _keep(scope: Scope, noted: Sequence[tuple[Key, _Waiting]]) -> None:
    predictions.keep(scope, list(_rows(noted)))


def _rows(noted: Iterable[tuple[Key, _Waiting]]) -> Iterable[ServedPrediction]:
    for key, (prediction, facts, served) in noted:
        yield ServedPrediction(
            key.model_id,
            key.subject,
            facts.platform or 0,
            kept_features(facts),
            prediction.value,
            _finite(prediction.lower),
            _finite(prediction.upper),
            served,
        )


def _finite(end: float) -> float | None:
    return end if math.isfinite(end) else None
