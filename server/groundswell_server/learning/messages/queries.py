"""Requests for patterns and best hours as queries. The answers have the fields of their messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.patterns.query import PatternQuery
from groundswell_server.learning.timing.best_hours import TimingQuery

_FILTERS = "persona_id", "platform", "content_type", "phase"


def pattern_query_in(request: Any, target_age: timedelta, now: datetime) -> PatternQuery:
    """Returns the query of a request for patterns, which has some of the fields of a PatternQuery."""
    given = {field.name: getattr(request, field.name) for field in request.DESCRIPTOR.fields}
    return PatternQuery(
        as_of=("as_of_time" in given and time_in(request, "as_of_time")) or now,
        lookback_days=given.get("lookback_days", 0) or given.get("period_days", 0),
        target_age=target_age,
        **{name: given[name] for name in _FILTERS if name in given},
    )


def timing_query_in(request: pb.PredictTimingRequest, target_age: timedelta, now: datetime) -> TimingQuery:
    """Returns the query of a request for the best hours."""
    return TimingQuery(
        persona_id=request.persona_id,
        platform=request.platform,
        as_of=time_in(request, "as_of_time") or now,
        lookback_days=request.lookback_days,
        target_age=target_age,
    )
