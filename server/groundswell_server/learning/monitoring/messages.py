"""The calls that watch live models, on the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.messages import metrics_message, model_type_number
from groundswell_server.learning.monitoring.performance import Performance, Period, Window
from groundswell_server.wellknown import time_in

if TYPE_CHECKING:
    from datetime import datetime

_LOOKBACK_DAYS = 90
_WINDOW_DAYS = 7


def period_in(request: pb.GetModelPerformanceRequest, target_age: timedelta, now: datetime) -> Period:
    """Which predictions are asked for."""
    end = time_in(request, "end_time") or now
    return Period(
        start=end - timedelta(days=request.lookback_days or _LOOKBACK_DAYS),
        end=end,
        window=timedelta(days=request.window_days or _WINDOW_DAYS),
        target_age=target_age,
    )


def performance_message(found: Performance) -> pb.GetModelPerformanceResponse:
    """A version in service."""
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
