"""Decides whether a model type is to be retrained, by its schedule, the number of new examples, and drift."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from groundswell_server.models import model_types
from groundswell_server.models.monitoring.drift_check import check_drift
from groundswell_storage.errors import FailedPrecondition, NotFound
from groundswell_storage.jobs import operations
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.training_schedules import Plan, TrainingSchedule
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of checking a schedule."""

    retrain: bool
    why: str
    """The reason in words."""
    live: ModelVersion | None
    """The live version."""
    report_id: str = ""
    """Id of the drift report; empty where drift was not checked."""


def decide(scope: Scope, schedule: TrainingSchedule, *, target_age: timedelta, minimum_samples: int) -> Decision:
    """Decides whether the type of a schedule is to be retrained now.

    A type without a live version is trained as soon as there are enough examples.
    """
    plan = schedule.plan
    live = model_versions.live_version(scope, plan.model_type)
    if is_training(scope, schedule):
        return Decision(False, "The training started by the last check is still running.", live)
    have = _count_new(scope, plan, live, target_age)
    need = minimum_samples if live is None else plan.minimum_new_samples
    if have < need:
        return Decision(False, f"{have} new samples, {need} are needed.", live)
    if live is None:
        return Decision(True, f"No version is live, and there are {have} samples.", live)
    if plan.force:
        return Decision(True, f"{have} new samples; the schedule retrains without drift.", live)
    return _by_drift(scope, schedule, live, target_age)


def is_training(scope: Scope, schedule: TrainingSchedule) -> bool:
    """Returns True while the training that the schedule started last is running."""
    if not schedule.operation_id:
        return False
    try:
        return operations.get(scope, schedule.operation_id).state in ("PENDING", "RUNNING")
    except NotFound:
        return False


def _count_new(scope: Scope, plan: Plan, live: ModelVersion | None, target_age: timedelta) -> int:
    outcomes = model_types.get(plan.model_type).outcomes
    return outcomes.count_new_examples(scope, plan.model_type, live, timedelta(days=plan.lookback_days), target_age)


def _by_drift(scope: Scope, schedule: TrainingSchedule, live: ModelVersion, target_age: timedelta) -> Decision:
    threshold = schedule.plan.drift_threshold
    try:
        report = check_drift(scope, live, target_age)
    except FailedPrecondition as error:
        return Decision(False, f"Drift could not be checked: {error.message}.", live)
    found = report.finding
    measured = f"drift score {found.drift_score:.3g} (p {found.p_value:.2g}), threshold {threshold:g}"
    if found.status == "NO_DRIFT" or found.drift_score < threshold:
        return Decision(False, f"No drift to act on: {measured}.", live, report.id)
    return Decision(True, f"Drift: {measured}.", live, report.id)
