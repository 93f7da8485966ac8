"""Errors of the predictions of versions under rollout, and of the live versions beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from groundswell_server.models import model_types
from groundswell_storage.experiments import model_rollouts
from groundswell_storage.experiments.model_rollouts import ModelRollout
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope


class PredictionError(NamedTuple):
    """The error of one prediction."""

    model_id: str
    subject_id: str
    """Stable id of the prediction's subject."""
    unit: str
    """Unit of the rollout that the subject belongs to."""
    error: float
    """At least 0, in the unit of the headline metric, which is the mean of these errors."""
    known: datetime
    """Time at which the outcome was measured."""


class RolloutErrors(NamedTuple):
    """Errors of predictions since a rollout began."""

    rollout: ModelRollout
    errors: Sequence[PredictionError]
    """Of the version under rollout and of the live one."""


def read_errors(scope: Scope, post_ids: Sequence[str], target_age: timedelta) -> list[RolloutErrors]:
    """Returns the errors of predictions about these posts for every version under rollout in the workspace."""
    found = []
    for rollout in model_rollouts.read(scope):
        if model_types.is_measured(rollout.model_type):
            candidate = model_versions.find_version(scope, rollout.model_id)
            pair = candidate, model_versions.live_version(scope, rollout.model_type)
            errors = [
                error
                for version in pair
                if version is not None
                for error in _errors(scope, version, post_ids, rollout.start_time, target_age)
            ]
            found.append(RolloutErrors(rollout, errors))
    return found


def _errors(
    scope: Scope, version: ModelVersion, post_ids: Sequence[str], since: datetime, target_age: timedelta
) -> list[PredictionError]:
    outcomes = model_types.get(version.model_type).outcomes.list_for_posts(
        scope, version.id, post_ids, target_age, since
    )
    if not outcomes:
        return []
    # It imports NumPy, and a server starts without.
    from groundswell_server.models.monitoring.judgements import judge

    errors = judge(version, [one.served for one in outcomes]).errors
    return [
        PredictionError(version.id, one.subject_id, one.unit, float(error), one.served.known)
        for one, error in zip(outcomes, errors, strict=True)
        if one.served.known is not None
    ]
