"""Messages of events, in rows and in columns, and of their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.experiments.counting.events import Events, Outcome, id_at, ids_of_bytes, ids_of_texts
from groundswell_storage.fields import to_micros

Batch = pb.RecordEventsRequest | pb.StreamEventsRequest
T = TypeVar("T")


def events_in(batch: Batch, now: datetime) -> Events:
    """Returns the events of a batch; `now` is the time of events without one."""
    if batch.HasField("columns"):
        return _columns_in(batch.columns, to_micros(now))
    # A slice copies the field into a list in one step; the field itself would be read item by item.
    return _rows_in(batch.events[:], to_micros(now))


def outcome_message(batch: Batch, outcome: Outcome) -> pb.EventOutcome:
    """Returns the message of an outcome."""
    id_at = _id_in_columns(batch.columns) if batch.HasField("columns") else lambda index: batch.events[index].id
    return pb.EventOutcome(
        recorded_count=outcome.recorded_count,
        duplicate_count=outcome.duplicate_count,
        refused=[
            pb.RefusedEvent(index=one.index, event_id=id_at(one.index), reason=one.reason, message=one.message)
            for one in outcome.refused
        ],
    )


def _rows_in(events: Sequence[pb.ExperimentEvent], now: int) -> Events:
    return Events(
        ids=ids_of_texts([event.id for event in events]),
        experiment_keys=[event.experiment_key for event in events],
        units=[event.unit for event in events],
        names=[event.name for event in events],
        # An absent value reads as 0. Reading the value is faster than HasField.
        values=[event.value or (0.0 if event.HasField("value") else 1.0) for event in events],
        times=[
            _micros(event, place, now) if event.HasField("event_time") else now for place, event in enumerate(events)
        ],
        places=range(len(events)),
    )


def _micros(event: pb.ExperimentEvent, place: int, now: int) -> int:
    time = time_in(event, "event_time", f"events[{place}].event_time")
    return now if time is None else to_micros(time)


def _columns_in(columns: pb.EventColumns, now: int) -> Events:
    ids = ids_of_bytes(columns.ids)
    unreadable: dict[int, str] = {}
    count = len(ids)

    def looked_up(dictionary: Iterable[str], name: str, indexes: Sequence[int]) -> list[str]:
        words = list(dictionary)
        if words and not indexes:
            return words[:1] * count
        given = indexes or [0] * count
        if min(given) >= 0 and max(given) < len(words):
            return [words[index] for index in given]
        known = dict(enumerate(words))
        unreadable.update(
            {
                place: f"an index into {name} must be below {len(words)}, got {index}"
                for place, index in enumerate(given)
                if index not in known
            }
        )
        return [known.get(index, "") for index in given]

    return Events(
        ids=ids,
        experiment_keys=looked_up(columns.experiment_keys, "experiment_keys", columns.experiment_indexes[:]),
        units=looked_up(columns.units, "units", columns.unit_indexes[:]),
        names=looked_up(columns.names, "names", columns.name_indexes[:]),
        values=columns.values[:] or [1.0] * count,
        times=[time or now for time in columns.time_micros[:]] or [now] * count,
        places=range(count),
        unreadable=unreadable,
    )


def _id_in_columns(columns: pb.EventColumns) -> Callable[[int], str]:
    ids = columns.ids
    return lambda index: str(UUID(bytes=id_at(ids, index)))
