"""Events, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.experiments.recording import EventDraft, Outcome
from groundswell_server.wellknown import time_in


def events_in(events: Sequence[pb.ExperimentEvent]) -> list[EventDraft]:
    """Events as they were sent."""
    return [
        EventDraft(
            place=place,
            id=event.id,
            experiment_key=event.experiment_key,
            unit=event.unit,
            name=event.name,
            value=event.value if event.HasField("value") else 1.0,
            time=time_in(event, "event_time", f"events[{place}].event_time"),
        )
        for place, event in enumerate(events)
    ]


def outcome_message(outcome: Outcome) -> pb.EventOutcome:
    """What became of a batch, as a message."""
    return pb.EventOutcome(
        recorded_count=outcome.recorded_count,
        duplicate_count=outcome.duplicate_count,
        refused=[
            pb.RefusedEvent(index=one.index, event_id=one.event_id, reason=one.reason, message=one.message)
            for one in outcome.refused
        ],
    )
