"""Requests to ExperimentsService about rollouts of versions."""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.models.rollouts.prediction_errors import PredictionError
from groundswell_storage.ids import derived_uuid7

ERROR, OUTCOME = "prediction_error", "prediction_outcome"
"""Names of events: the error of a prediction, and its occurrence. Their quotient is the mean error."""


def evaluate_request(rollout_key: str, unit: str) -> pb.EvaluateRolloutRequest:
    """Returns the request for the membership of a unit."""
    return pb.EvaluateRolloutRequest(rollout_key=rollout_key, unit=unit)


def events_request(rollout_id: str, rollout_key: str, errors: Iterable[PredictionError]) -> pb.RecordEventsRequest:
    """Returns two events for each error. Their ids are derived from the prediction, so that repeats count once."""
    request = pb.RecordEventsRequest()
    for error in errors:
        for name, value in ((ERROR, error.error), (OUTCOME, 1.0)):
            event = request.events.add(
                id=derived_uuid7(error.known, rollout_id, error.model_id, error.subject_id, name),
                experiment_key=rollout_key,
                unit=error.unit,
                name=name,
                value=value,
            )
            event.event_time.FromDatetime(error.known)
    return request
