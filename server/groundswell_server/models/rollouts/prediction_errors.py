"""How far off predictions were, of versions under rollout and of those that are live beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from groundswell_server.models import registry
from groundswell_storage.experiments import model_rollouts
from groundswell_storage.experiments.model_rollouts import ModelRollout
from groundswell_storage.learning import model_versions, predictions
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.scope import Scope


class PredictionError(NamedTuple):
    """What came of a prediction."""

    model_id: str
    context_id: str
    persona_id: str
    """Whose post it was."""
    error: float
    """Zero or more, in the unit of the headline metric: its mean is that."""
    known: datetime
    """When the outcome was measured."""


class RolloutErrors(NamedTuple):
    """What came of predictions since a rollout began."""

    rollout: ModelRollout
    errors: Sequence[PredictionError]
    """Of the version under rollout and of the live one."""


def read_errors(scope: Scope, post_ids: Sequence[str], target_age: timedelta) -> list[RolloutErrors]:
    """Of the posts, as far as their outcomes are known, for every version under rollout in the workspace."""
    found = []
    for rollout in model_rollouts.read(scope):
        if rollout.model_type in registry.MEASURED:
            candidate = model_versions.find_version(scope, rollout.model_id)
            pair = candidate, model_versions.live_version(scope, rollout.model_type)
            errors = [
                error
                for version in pair
                if version is not None
                for error in _errors(scope, version, post_ids, rollout.began, target_age)
            ]
            found.append(RolloutErrors(rollout, errors))
    return found


def _errors(
    scope: Scope, version: ModelVersion, post_ids: Sequence[str], since: datetime, target_age: timedelta
) -> list[PredictionError]:
    judged = predictions.of_posts(scope, version.id, post_ids, target_age=target_age, since=since)
    if not judged:
        return []
    # NumPy and the model types come with it, which no server needs to start.
    from groundswell_server.models.monitoring.judgements import judge

    return [
        PredictionError(version.id, one.context_id, one.persona_id, float(error), one.known)
        for one, error in zip(judged, judge(version, judged).errors, strict=True)
        if one.known is not None
    ]
