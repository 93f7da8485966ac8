"""Requests for the best hours as queries. The answer has the fields of its message."""

from __future__ import annotations

from datetime import datetime, timedelta

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.timing.best_hours import TimingQuery


def timing_query_in(request: pb.PredictTimingRequest, target_age: timedelta, now: datetime) -> TimingQuery:
    """Returns the query of a request for the best hours."""
    return TimingQuery(
        persona_id=request.persona_id,
        platform=request.platform,
        as_of=time_in(request, "as_of_time") or now,
        lookback_days=request.lookback_days,
        target_age=target_age,
    )
