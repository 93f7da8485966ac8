"""WatchModel on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.messages.enums import model_type_number
from groundswell_server.models.online.blend import figures
from groundswell_server.models.registry import ENGAGEMENT
from groundswell_storage.feed import Batch
from groundswell_storage.learning.online import OnlineModel


def state_message(cursor: str, model: OnlineModel | None) -> pb.WatchModelResponse:
    """The twin as it is now."""
    if model is None:
        return pb.WatchModelResponse(cursor=cursor)
    return pb.WatchModelResponse(cursor=cursor, online_model=_online_model(ENGAGEMENT, figures(model)))


def lesson_messages(batch: Batch) -> Iterator[pb.WatchModelResponse]:
    """What events tell of twins; a sign of life when there are none."""
    for event in batch.events:
        told = _online_model(event.subject_id, event.payload)
        message = pb.WatchModelResponse(cursor=event.cursor, online_model=told)
        message.event_time.FromDatetime(event.time)
        yield message
    if not batch.events:
        yield pb.WatchModelResponse(cursor=batch.cursor)


def _online_model(model_type: str, told: Mapping[str, Any]) -> pb.OnlineModel:
    return pb.OnlineModel(model_type=model_type_number(model_type), **told)
