"""Predicted rates and probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.messages.estimates import LEVEL

if TYPE_CHECKING:
    from groundswell_server.models.predictions import Prediction
    from groundswell_server.models.serving.served_model import Served


def level_in(request: pb.PredictEngagementRequest) -> float:
    """The level of the interval that is asked for."""
    return request.level if request.HasField("level") else LEVEL


def engagement_message(served: Served, prediction: Prediction, level: float) -> pb.PredictEngagementResponse:
    """A predicted rate, percent."""
    return pb.PredictEngagementResponse(
        engagement_rate_pct=prediction.value,
        interval=common_pb2.Interval(lower=prediction.lower, upper=prediction.upper, level=level),
        model_id=served.model_id,
        model_version=served.version,
    )


def success_message(served: Served, prediction: Prediction, threshold_pct: float) -> pb.PredictSuccessResponse:
    """A predicted probability of reaching the threshold."""
    return pb.PredictSuccessResponse(
        success_probability=prediction.value,
        success_threshold_pct=threshold_pct,
        confidence=2.0 * abs(prediction.value - 0.5),
        model_id=served.model_id,
        model_version=served.version,
    )
