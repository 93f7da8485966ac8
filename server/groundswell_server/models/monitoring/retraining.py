"""Whether a model type should learn anew: by schedule, from what has come since and how far the world has moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from groundswell_server.models import registry
from groundswell_server.models.monitoring.drift_check import check_drift
from groundswell_storage import operations
from groundswell_storage.engagement import learning_rows
from groundswell_storage.errors import FailedPrecondition, NotFound
from groundswell_storage.learning import model_versions, training_examples
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.training_schedules import Plan, TrainingSchedule
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Decision:
    """What a check of a schedule came to."""

    retrain: bool
    why: str
    """In words."""
    live: ModelVersion | None
    """What serves now."""
    report_id: str = ""
    """Of the drift that was found; empty where it was not looked for."""


def decide(scope: Scope, schedule: TrainingSchedule, *, target_age: timedelta, minimum_samples: int) -> Decision:
    """Whether the type of a schedule should learn anew now.

    Without a live version it should as soon as there are enough samples to learn from at all.
    """
    plan = schedule.plan
    live = model_versions.live_version(scope, plan.model_type)
    if is_training(scope, schedule):
        return Decision(False, "The training that was started last is still under way.", live)
    have = _count_new(scope, plan, live, target_age)
    need = minimum_samples if live is None else plan.minimum_new_samples
    if have < need:
        return Decision(False, f"{have} new samples, and it takes {need}.", live)
    if live is None:
        return Decision(True, f"No version is live, and there are {have} samples.", live)
    if plan.force:
        return Decision(True, f"{have} new samples; asked for without regard to drift.", live)
    return _by_drift(scope, schedule, live, target_age)


def _count_new(scope: Scope, plan: Plan, live: ModelVersion | None, target_age: timedelta) -> int:
    """Examples that the live version has not learnt from; all there are without one."""
    if plan.model_type not in registry.MEASURED:
        return training_examples.count(scope, plan.model_type, added_after=live.create_time if live else None)
    first = scope.now - timedelta(days=plan.lookback_days)
    since = first if live is None else max(live.result.data_end, first)
    return learning_rows.count_outcomes(scope, after=since, target_age=target_age)


def is_training(scope: Scope, schedule: TrainingSchedule) -> bool:
    """Whether the training that was started last is still under way."""
    if not schedule.operation_id:
        return False
    try:
        return operations.get(scope, schedule.operation_id).state in ("PENDING", "RUNNING")
    except NotFound:
        return False


def _by_drift(scope: Scope, schedule: TrainingSchedule, live: ModelVersion, target_age: timedelta) -> Decision:
    threshold = schedule.plan.drift_threshold
    try:
        report = check_drift(scope, live, target_age)
    except FailedPrecondition as unknown:
        return Decision(False, f"Drift of {registry.label(live)} can't be told: {unknown.message}.", live)
    found = report.finding
    figures = f"drift score {found.drift_score:.3g} (p {found.p_value:.2g}), threshold {threshold:g}"
    if found.status == "NO_DRIFT" or found.drift_score < threshold:
        return Decision(False, f"No drift to act on: {figures}.", live, report.id)
    return Decision(True, f"Drift: {figures}.", live, report.id)
