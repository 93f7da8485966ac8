"""The best hours to post."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.messages.estimates import estimate_message
from groundswell_server.learning.timing.best_hours import BestHours, TimingQuery

if TYPE_CHECKING:
    from groundswell_server.learning.timing.time_slots import TimeSlot

_DAYS = 90
_TOP_SLOTS = 5


def timing_query_in(request: pb.PredictTimingRequest, target_age: timedelta, now: datetime) -> TimingQuery:
    """Whose best hours are asked for, and by which posts."""
    return TimingQuery(
        persona_id=request.persona_id,
        platform=request.platform,
        as_of=time_in(request, "as_of_time") or now,
        lookback=timedelta(days=request.lookback_days or _DAYS),
        target_age=target_age,
    )


def timing_message(found: BestHours, top_k: int) -> pb.PredictTimingResponse:
    """The best `top_k` hours and slots, 5 for 0."""
    timing, top_k = found.timing, top_k or _TOP_SLOTS
    return pb.PredictTimingResponse(
        best_hours=[_slot(slot) for slot in timing.hours[:top_k]],
        best_slots=[_slot(slot) for slot in timing.slots[:top_k]],
        mean_rate_pct=estimate_message(timing.mean),
        sample_size=timing.sample_size,
        time_zone=found.time_zone,
        notes=timing.notes,
    )


def _slot(slot: TimeSlot) -> pb.TimeSlot:
    return pb.TimeSlot(
        weekday=slot.weekday,
        hour=slot.hour,
        engagement_rate_pct=estimate_message(slot.rate),
        raw_mean_pct=slot.raw_mean_pct,
        probability_above_average=slot.probability_above_average,
    )
