"""What a training run is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.messages.enums import model_type_in
from groundswell_server.settings import Settings

if TYPE_CHECKING:
    from groundswell_server.models.training.training_run import Run

_DEFAULT_TEST_SHARE = 0.3


def pinned(request: pb.TrainModelRequest, now: datetime) -> pb.TrainModelRequest:
    """The request with its moment filled in, so that a run that has to be repeated learns from the same posts."""
    if time_in(request, "as_of_time") is not None:
        return request
    result = pb.TrainModelRequest()
    result.CopyFrom(request)
    result.as_of_time.FromDatetime(now)
    return result


def run_of(request: pb.TrainModelRequest, settings: Settings, now: datetime) -> Run:
    """What a request asks for, defaults filled in from the settings."""
    threshold = request.success_threshold_pct if request.HasField("success_threshold_pct") else None
    from groundswell_server.learning.training.post_examples import Span
    from groundswell_server.models.training.training_run import Run

    return Run(
        model_type=model_type_in(request),
        span=Span(
            as_of=time_in(request, "as_of_time") or now,
            lookback=_lookback(request, settings),
            target_age=timedelta(days=settings.ml_target_age_days),
            persona_id=request.persona_id,
        ),
        minimum_samples=settings.ml_min_training_samples,
        test_share=request.test_share if request.HasField("test_share") else _DEFAULT_TEST_SHARE,
        success_threshold_pct=settings.success_threshold_pct if threshold is None else threshold,
        grid_search=request.grid_search,
        random_seed=request.random_seed,
        promote_if_better=request.promotion != pb.PROMOTION_NEVER,
    )


def _lookback(request: pb.TrainModelRequest, settings: Settings) -> timedelta:
    if request.lookback_days:
        return timedelta(days=request.lookback_days)
    from groundswell_server.learning import model_types

    forgets = model_types.get(model_type_in(request)).forgets
    return timedelta(days=settings.ml_lookback_days) if forgets else timedelta.max
