"""What is kept of a version in service: predictions with what came of them, be that measured or said by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from groundswell_server.models.registry import MEASURED
from groundswell_storage.learning import labelled_predictions, predictions
from groundswell_storage.learning.labelled_predictions import LabelledPrediction
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.predictions import JudgedPrediction
from groundswell_storage.scope import Scope

Kept = Sequence[JudgedPrediction | LabelledPrediction]
"""Predictions of one version."""


def judged(scope: Scope, version: ModelVersion, target_age: timedelta, since: datetime, until: datetime) -> Kept:
    """The predictions that were served from `since` and before `until`, in that order."""
    if version.model_type in MEASURED:
        return predictions.judged(scope, version.id, target_age=target_age, since=since, until=until)
    return labelled_predictions.judged(scope, version.id, since=since, until=until)


def newest_outcomes(scope: Scope, version: ModelVersion, target_age: timedelta, limit: int) -> Kept:
    """Those whose outcome became known last, in the order in which it did."""
    if version.model_type in MEASURED:
        return predictions.newest_outcomes(scope, version.id, target_age=target_age, limit=limit)
    return labelled_predictions.newest_outcomes(scope, version.id, limit=limit)


def newest_served(scope: Scope, version: ModelVersion, limit: int) -> list[dict[str, Any]]:
    """The features of those that were served last, in that order; none where features are not kept."""
    if version.model_type in MEASURED:
        return predictions.newest_served(scope, version.id, limit)
    return labelled_predictions.newest_served(scope, version.id, limit)


def count_served(scope: Scope, version: ModelVersion) -> int:
    """How many there are."""
    if version.model_type in MEASURED:
        return predictions.count_served(scope, version.id)
    return labelled_predictions.count_served(scope, version.id)
