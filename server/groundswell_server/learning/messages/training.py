"""Parameters of training runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.messages.enums import model_type_in
from groundswell_server.settings import Settings

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
    """Returns the run that a request asks for, with what it leaves out taken from the settings."""
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
