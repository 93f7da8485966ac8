"""The online model and its changes as messages of WatchModel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.enums import ENGAGEMENT
from groundswell_server.learning.messages.enums import model_type_number
from groundswell_server.models.online.blend import statistics
from groundswell_storage.events.feed import Batch
from groundswell_storage.learning.online import OnlineModel


def state_message(cursor: str, model: OnlineModel | None) -> pb.WatchModelResponse:
    """Returns the current online model."""
    if model is None:
        return pb.WatchModelResponse(cursor=cursor)
    return pb.WatchModelResponse(cursor=cursor, online_model=_online_model(ENGAGEMENT, statistics(model)))


def change_messages(batch: Batch) -> Iterator[pb.WatchModelResponse]:
    """Yields the online models of a batch of events; an empty batch yields a heartbeat with only a cursor."""
    for event in batch.events:
        model = _online_model(event.subject_id, event.payload)
        message = pb.WatchModelResponse(cursor=event.cursor, online_model=model)
        message.event_time.FromDatetime(event.time)
        yield message
    if not batch.events:
        yield pb.WatchModelResponse(cursor=batch.cursor)


def _online_model(model_type: str, fields: Mapping[str, Any]) -> pb.OnlineModel:
    return pb.OnlineModel(model_type=model_type_number(model_type), **fields)
