"""Outcomes of predictions about posts that the suite measures: genuine engagement rates at the target age."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from groundswell_server.models.outcomes import Observations, OutcomeSource, ServedPrediction, SubjectOutcome
from groundswell_server.models.predictions import Predictions
from groundswell_storage.engagement import learning_rows
from groundswell_storage.learning import predictions
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class MeasuredOutcomes(OutcomeSource):
    """The rates of posts, or whether they reached a threshold."""

    measured = True
    threshold_parameter: str = ""
    """Parameter of the version with the rate that counts as a success; empty where the rate is the outcome."""

    def served_between(
        self, scope: Scope, model_id: str, target_age: timedelta, since: datetime, until: datetime
    ) -> Sequence[ServedPrediction]:
        return predictions.judged(scope, model_id, target_age=target_age, since=since, until=until)

    def newest_outcomes(
        self, scope: Scope, model_id: str, target_age: timedelta, limit: int
    ) -> Sequence[ServedPrediction]:
        return predictions.newest_outcomes(scope, model_id, target_age=target_age, limit=limit)

    def newest_features(self, scope: Scope, model_id: str, limit: int) -> Sequence[Mapping[str, Any]]:
        return predictions.newest_served(scope, model_id, limit)

    def count_served(self, scope: Scope, model_id: str) -> int:
        return predictions.count_served(scope, model_id)

    def count_new_examples(
        self, scope: Scope, model_type: str, live: ModelVersion | None, lookback: timedelta, target_age: timedelta
    ) -> int:
        first = scope.now - lookback
        since = first if live is None else max(live.result.data_end, first)
        return learning_rows.count_outcomes(scope, after=since, target_age=target_age)

    def list_for_posts(
        self, scope: Scope, model_id: str, post_ids: Sequence[str], target_age: timedelta, since: datetime
    ) -> Sequence[SubjectOutcome]:
        found = predictions.list_for_posts(scope, model_id, post_ids, target_age=target_age, since=since)
        return [SubjectOutcome(one, one.context_id, one.persona_id) for one in found]

    def observe(
        self, version: ModelVersion, known: Sequence[Any], labels: Sequence[str], positive: str
    ) -> Observations:
        outcomes = np.array([one.outcome_rate_pct for one in known], dtype=np.float64)
        if self.threshold_parameter:
            threshold = float(version.result.parameters[self.threshold_parameter])
            outcomes = (outcomes >= threshold).astype(np.float64)
        values = np.array([one.value for one in known], dtype=np.float64)
        # An infinite end is stored as NULL.
        lower = np.array([-np.inf if one.lower is None else one.lower for one in known])
        upper = np.array([np.inf if one.upper is None else one.upper for one in known])
        return Observations(Predictions(values, lower, upper), outcomes, float(values.mean()), float(outcomes.mean()))
