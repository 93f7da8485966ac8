"""Performance of versions in service as messages."""

from __future__ import annotations

from datetime import datetime, timedelta

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.messages.enums import model_type_number
from groundswell_server.learning.messages.estimates import metrics_message
from groundswell_server.models.monitoring.performance import Performance, Period, Window


def period_in(request: pb.GetModelPerformanceRequest, target_age: timedelta, now: datetime) -> Period:
    """Returns the requested period of service."""
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
