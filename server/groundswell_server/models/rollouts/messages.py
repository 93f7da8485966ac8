"""What ExperimentsService is asked about rollouts, and told."""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.learning.rollouts.standing import Standing
from groundswell_server.models.rollouts.prediction_errors import PredictionError
from groundswell_storage.ids import derived_uuid7

ERROR, OUTCOME = "prediction_error", "prediction_outcome"
"""Names of events: how far off a prediction was, and that there was one. Mean error is the one over the other."""


def resolve_request(rollout_key: str, persona_id: str) -> pb.EvaluateRolloutRequest:
    """Where does a persona stand?"""
    return pb.EvaluateRolloutRequest(rollout_key=rollout_key, unit=persona_id)


def standing_in(response: pb.EvaluateRolloutResponse) -> Standing:
    """Where it stands."""
    return Standing(is_on=response.is_on, is_compared=response.is_compared)


def events_request(rollout_id: str, rollout_key: str, errors: Iterable[PredictionError]) -> pb.RecordEventsRequest:
    """Two events for each error. Their ids say which they are: told twice, they count once."""
    request = pb.RecordEventsRequest()
    for error in errors:
        for name, value in ((ERROR, error.error), (OUTCOME, 1.0)):
            event = request.events.add(
                id=derived_uuid7(error.known, rollout_id, error.model_id, error.context_id, name),
                experiment_key=rollout_key,
                unit=error.persona_id,
                name=name,
                value=value,
            )
            event.event_time.FromDatetime(error.known)
    return request
