"""Performance, drift reports and training schedules as messages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.enums import THRESHOLD
from groundswell_server.learning.messages.enums import model_type_in, model_type_number, numbers
from groundswell_server.learning.messages.estimates import metrics_message
from groundswell_server.models import model_types
from groundswell_server.models.monitoring.performance import Performance, Period, Window
from groundswell_server.settings import Settings
from groundswell_storage.fields import from_micros
from groundswell_storage.learning.drift_reports import DriftReport
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.training_schedules import Plan, TrainingSchedule

if TYPE_CHECKING:
    from datetime import datetime

_STATUSES = numbers(pb.DriftStatus, "DRIFT_STATUS_")
_STATUS_NAMES = {number: name for name, number in _STATUSES.items()} | {0: ""}
_RECOMMENDATIONS = {
    "NO_DRIFT": pb.DRIFT_RECOMMENDATION_CONTINUE_MONITORING,
    "WARNING": pb.DRIFT_RECOMMENDATION_SCHEDULE_RETRAIN_SOON,
    "CRITICAL": pb.DRIFT_RECOMMENDATION_IMMEDIATE_RETRAIN_REQUIRED,
}


def period_in(request: pb.GetModelPerformanceRequest, target_age: timedelta, now: datetime) -> Period:
    """Returns the period of service that is asked for."""
    given = {"lookback": request.lookback_days, "window": request.window_days}
    lengths = {name: timedelta(days=days) for name, days in given.items() if days}
    return Period(time_in(request, "end_time") or now, target_age, **lengths)


def performance_message(found: Performance) -> pb.GetModelPerformanceResponse:
    """Returns the performance of a version in service."""
    version = found.version
    return pb.GetModelPerformanceResponse(
        model_id=version.id,
        model_type=model_type_number(version.model_type),
        model_version=version.version,
        test_metrics=metrics_message(version.result.test_metrics),
        total=_window(found.total),
        windows=[_window(window) for window in found.windows],
    )


def status_in(request: pb.ListDriftReportsRequest) -> str:
    """Returns the name of the request's `status` without prefix; empty for any status."""
    return _STATUS_NAMES[request.status]


def report_message(report: DriftReport) -> pb.DriftReport:
    """Returns a drift report as a message."""
    finding, details = report.finding, report.finding.details
    message = pb.DriftReport(
        id=report.id,
        model_id=finding.model_id,
        model_type=model_type_number(finding.model_type),
        model_version=finding.version,
        status=_STATUSES[finding.status],
        recommendation=_RECOMMENDATIONS[finding.status],
        drift_score=finding.drift_score,
        p_value=finding.p_value,
        look=finding.look,
        sample_count=finding.sample_count,
        parts=[pb.DriftPart(**part) for part in details["parts"]],
        decisive_part=details["decisive"],
        metric=details["metric"],
        baseline_error=details["baseline_error"],
        live_error=details["live_error"],
        features=[pb.FeatureDrift(**feature) for feature in details["features"]],
    )
    if "rise" in details:
        message.rise_time.FromDatetime(from_micros(details["rise"]["time"]))
    message.create_time.FromDatetime(report.create_time)
    return message


def plan_in(request: pb.ScheduleTrainingRequest, settings: Settings) -> Plan:
    """Returns the plan of a schedule, with what the request leaves out taken from the settings."""
    threshold = request.drift_threshold if request.HasField("drift_threshold") else None
    model_type = model_type_in(request)
    return Plan(
        model_type=model_type,
        every_days=request.every_days or settings.retrain_every_days,
        minimum_new_samples=request.minimum_new_samples or settings.retrain_min_new_samples,
        drift_threshold=settings.retrain_drift_threshold if threshold is None else threshold,
        lookback_days=request.lookback_days
        or (settings.ml_lookback_days if model_types.is_measured(model_type) else 0),
        force=request.force,
    )


def first_check_in(request: pb.ScheduleTrainingRequest, now: datetime) -> datetime:
    """Returns the time of the first check of a schedule."""
    return time_in(request, "first_check_time") or now


def schedule_message(schedule: TrainingSchedule) -> pb.TrainingSchedule:
    """Returns a schedule with the result of its last check."""
    plan = schedule.plan
    message = pb.TrainingSchedule(
        model_type=model_type_number(plan.model_type),
        every_days=plan.every_days,
        minimum_new_samples=plan.minimum_new_samples,
        drift_threshold=plan.drift_threshold,
        lookback_days=plan.lookback_days,
        force=plan.force,
        last_decision=schedule.last_decision,
        last_drift_report_id=schedule.report_id,
        last_operation=f"operations/{schedule.operation_id}" if schedule.operation_id else "",
    )
    message.next_check_time.FromDatetime(schedule.next_check_time)
    if schedule.last_check_time is not None:
        message.last_check_time.FromDatetime(schedule.last_check_time)
    return message


def retraining_request(plan: Plan, live: ModelVersion | None, now: datetime) -> pb.TrainModelRequest:
    """Returns the training that a schedule starts, with the target of the live version: both will be compared."""
    request = pb.TrainModelRequest(
        model_type=model_type_number(plan.model_type),
        lookback_days=plan.lookback_days,
        promotion=pb.PROMOTION_IF_BETTER,
    )
    request.as_of_time.FromDatetime(now)
    if live is not None and THRESHOLD in live.result.parameters:
        request.success_threshold_pct = live.result.parameters[THRESHOLD]
    return request


def _window(window: Window) -> pb.PerformanceWindow:
    message = pb.PerformanceWindow(
        prediction_count=window.prediction_count,
        outcome_count=window.outcome_count,
        metrics=metrics_message(window.metrics) if window.outcome_count else None,
        mean_prediction=window.mean_prediction,
        mean_outcome=window.mean_outcome,
    )
    message.start_time.FromDatetime(window.start)
    message.end_time.FromDatetime(window.end)
    return message
