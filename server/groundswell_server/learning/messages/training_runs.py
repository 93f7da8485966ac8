"""Training runs and training schedules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, time_in
from groundswell_server.learning.enums import THRESHOLD
from groundswell_server.learning.messages.enums import model_type_in, model_type_number
from groundswell_server.models import model_types
from groundswell_server.settings import Settings
from groundswell_storage.learning.model_versions import ModelVersion
from groundswell_storage.learning.training_schedules import Plan, TrainingSchedule

if TYPE_CHECKING:
    from groundswell_server.models.training.training_run import TrainingRun


def with_as_of_time(request: pb.TrainModelRequest, now: datetime) -> pb.TrainModelRequest:
    """Returns the request with its `as_of_time` set, so that a repeated run learns from the same examples."""
    if time_in(request, "as_of_time") is not None:
        return request
    result = pb.TrainModelRequest()
    result.CopyFrom(request)
    result.as_of_time.FromDatetime(now)
    return result


def training_run_in(request: pb.TrainModelRequest, settings: Settings, now: datetime) -> TrainingRun:
    """Returns the requested run, with defaults from the settings."""
    # They import NumPy, and a server starts without.
    from groundswell_server.models.model_type import TrainingSpan
    from groundswell_server.models.training.training_run import TrainingRun, default_lookback

    model_type = model_type_in(request)
    lookback = timedelta(days=request.lookback_days or settings.ml_lookback_days)
    given: dict[str, Any] = {"test_share": request.test_share} if request.HasField("test_share") else {}
    has_threshold = request.HasField("success_threshold_pct")
    return TrainingRun(
        model_type=model_type,
        span=TrainingSpan(
            as_of=time_in(request, "as_of_time") or now,
            lookback=lookback if request.lookback_days else default_lookback(model_type, lookback),
            target_age=timedelta(days=settings.ml_target_age_days),
            persona_id=request.persona_id,
        ),
        minimum_samples=settings.ml_min_training_samples,
        success_threshold_pct=request.success_threshold_pct if has_threshold else settings.success_threshold_pct,
        grid_search=request.grid_search,
        random_seed=request.random_seed,
        promote_if_better=request.promotion != pb.PROMOTION_NEVER,
        **given,
    )


def plan_in(request: pb.ScheduleTrainingRequest, settings: Settings) -> Plan:
    """Returns the plan of a schedule, with defaults from the settings."""
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
    fields = fields_of(schedule.plan) | {
        "model_type": model_type_number(schedule.plan.model_type),
        "next_check_time": schedule.next_check_time,
        "last_check_time": schedule.last_check_time,
        "last_decision": schedule.last_decision,
        "last_drift_report_id": schedule.report_id,
        "last_operation": f"operations/{schedule.operation_id}" if schedule.operation_id else "",
    }
    return pb.TrainingSchedule(**fields)


def retraining_request(plan: Plan, live: ModelVersion | None, now: datetime) -> pb.TrainModelRequest:
    """Returns the training that a schedule starts, with the target of the live version, to compare both."""
    request = pb.TrainModelRequest(
        model_type=model_type_number(plan.model_type),
        lookback_days=plan.lookback_days,
        promotion=pb.PROMOTION_IF_BETTER,
    )
    request.as_of_time.FromDatetime(now)
    if live is not None and THRESHOLD in live.result.parameters:
        request.success_threshold_pct = live.result.parameters[THRESHOLD]
    return request
