"""Predicted rates and probabilities as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.messages.estimates import fill_interval

if TYPE_CHECKING:
    from groundswell_server.models.predictions import Prediction
    from groundswell_server.models.serving.served_model import ServedModel


def level_in(request: pb.PredictEngagementRequest) -> float:
    """Returns the requested level of the interval."""
    # It imports NumPy, and a server starts without.
    from groundswell_server.models.predictor import DEFAULT_LEVEL

    return request.level if request.HasField("level") else DEFAULT_LEVEL


def engagement_message(served: ServedModel, prediction: Prediction, level: float) -> pb.PredictEngagementResponse:
    """Returns a predicted rate, percent."""
    return pb.PredictEngagementResponse(
        engagement_rate_pct=prediction.value,
        interval=common_pb2.Interval(lower=prediction.lower, upper=prediction.upper, level=level),
        model_id=served.model_id,
        model_version=served.version,
    )


def success_message(served: ServedModel, prediction: Prediction, threshold_pct: float) -> pb.PredictSuccessResponse:
    """Returns a predicted probability of reaching the success threshold."""
    return pb.PredictSuccessResponse(
        success_probability=prediction.value,
        success_threshold_pct=threshold_pct,
        confidence=2.0 * abs(prediction.value - 0.5),
        model_id=served.model_id,
        model_version=served.version,
    )


def conversion_message(served: ServedModel, prediction: Prediction) -> pb.PredictConversionResponse:
    """Returns a predicted probability of a conversion."""
    response = pb.PredictConversionResponse(
        conversion_probability=prediction.value, model_id=served.model_id, model_version=served.version
    )
    fill_interval(response.interval, prediction.lower, prediction.upper)
    return response
