"""Training schedules: model types that are checked periodically and retrained when necessary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import BooleanField, CompositeKey, DoubleField, IntegerField, TextField

from groundswell_storage.audit import audit
from groundswell_storage.database import Database
from groundswell_storage.errors import NotFound
from groundswell_storage.fields import InstantField, to_micros
from groundswell_storage.records import record_of, values_of
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class TrainingScheduleRow(Table):
    """The schedule of one model type."""

    model_type = TextField()
    every_days = IntegerField()
    minimum_new_samples = IntegerField()
    drift_threshold = DoubleField()
    lookback_days = IntegerField()
    force = BooleanField()
    next_check_time = InstantField()
    last_check_time = InstantField(null=True)
    last_decision = TextField(default="")
    report_id = TextField(default="")
    operation_id = TextField(default="")

    class Meta:
        primary_key = CompositeKey("workspace", "model_type")
        indexes = ((("next_check_time",), False),)


@dataclass(frozen=True, slots=True)
class Plan:
    """The conditions under which a model type is retrained automatically."""

    model_type: str
    every_days: int
    minimum_new_samples: int
    """Outcomes or labels that the live version has not learned from."""
    drift_threshold: float
    """Score of a significant drift from which on the type is retrained."""
    lookback_days: int
    """0 for the default of a training of the type: labels of texts and accounts do not age."""
    force: bool
    """Retrains without drift too."""


@dataclass(frozen=True, slots=True)
class TrainingSchedule:
    """A plan, and the result of its last check."""

    plan: Plan
    next_check_time: datetime
    last_check_time: datetime | None
    last_decision: str
    """In words; empty before the first check."""
    report_id: str
    """The drift report of the last check; empty where it made none."""
    operation_id: str
    """The last training it started; empty before the first."""


def put(scope: Scope, plan: Plan, next_check_time: datetime) -> TrainingSchedule:
    """Stores a plan in place of the one that its type had; the result of the last check stays."""
    known, values = _find(scope, plan.model_type), values_of(plan)
    changed = {name: value for name, value in values.items() if name != "model_type"}
    insert = scope.insert_query(TrainingScheduleRow, next_check_time=next_check_time, **values)
    insert.on_conflict(
        conflict_target=[TrainingScheduleRow.workspace, TrainingScheduleRow.model_type],
        update={**changed, "next_check_time": next_check_time},
    ).execute()
    _record_change(scope, "put", plan.model_type, before=values_of(known.plan) if known else None, after=values)
    return get(scope, plan.model_type)


def get(scope: Scope, model_type: str) -> TrainingSchedule:
    """Returns the schedule of a type; raises NotFound (`TRAINING_SCHEDULE_NOT_FOUND`)."""
    found = _find(scope, model_type)
    if found is None:
        raise NotFound("training_schedule", model_type)
    return found


def _find(scope: Scope, model_type: str) -> TrainingSchedule | None:
    row = scope.select(TrainingScheduleRow).where(TrainingScheduleRow.model_type == model_type).first()
    if row is None:
        return None
    return record_of(TrainingSchedule, row, plan=record_of(Plan, row))


def remove(scope: Scope, model_type: str) -> None:
    """Deletes the schedule of a type; raises NotFound (`TRAINING_SCHEDULE_NOT_FOUND`)."""
    before = get(scope, model_type).plan
    scope.delete(TrainingScheduleRow).where(TrainingScheduleRow.model_type == model_type).execute()
    _record_change(scope, "cancelled", model_type, before=values_of(before))


def due(database: Database, now: datetime) -> list[tuple[str, str]]:
    """Returns workspace and model type of the schedules that are due, in all workspaces."""
    rows = database.execute(
        "SELECT workspace, model_type FROM training_schedule WHERE next_check_time <= ? ORDER BY next_check_time",
        (to_micros(now),),
    ).fetchall()
    return [(workspace, model_type) for workspace, model_type in rows]


def claim(scope: Scope, model_type: str, until: datetime) -> TrainingSchedule | None:
    """Returns the schedule, which no other caller gets before `until`; None when it is not due any longer."""
    row = TrainingScheduleRow
    is_due = (row.model_type == model_type) & (row.next_check_time <= scope.now)
    claimed = scope.update(row, next_check_time=until).where(is_due)
    return get(scope, model_type) if claimed.execute() else None


def note(
    scope: Scope, model_type: str, *, next_check_time: datetime, decision: str, report_id: str, operation_id: str
) -> None:
    """Records the result of a check. A schedule that was cancelled meanwhile stays deleted."""
    scope.update(
        TrainingScheduleRow,
        next_check_time=next_check_time,
        last_check_time=scope.now,
        last_decision=decision,
        report_id=report_id,
        operation_id=operation_id,
    ).where(TrainingScheduleRow.model_type == model_type).execute()


def _record_change(
    scope: Scope,
    change: str,
    model_type: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    subject = f"training_schedule/{model_type}"
    audit.record(scope, f"training_schedule.{change}", subject, before=before, after=after)
