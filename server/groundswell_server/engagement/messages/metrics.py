"""Messages of metrics, demographics and timelines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, message_of
from groundswell_server.engagement.ingestion.post_metrics import Measured
from groundswell_server.engagement.metrics.demographics import Demographics
from groundswell_server.engagement.metrics.engagement_rates import COUNTS, Counts
from groundswell_server.engagement.metrics.timeline import TimelineHour


def counts_in(metrics: pb.Metrics) -> Counts:
    """Returns the reported counts; absent fields are unknown."""
    has: Callable[[str], bool] = metrics.HasField  # type: ignore[assignment]
    return Counts(**{name: getattr(metrics, name) if has(name) else None for name in COUNTS})


def demographics_in(request: pb.RecordMetricsRequest) -> Demographics | None:
    """Returns the demographics of a request; None without any."""
    if not request.HasField("demographics"):
        return None
    groups = request.demographics
    return Demographics(dict(groups.countries), dict(groups.age_bands), dict(groups.genders))


def measured_message(measured: Measured) -> pb.RecordMetricsResponse:
    """Returns a post with its context after metrics were recorded."""
    return message_of(pb.RecordMetricsResponse, measured)


def timeline_message(hours: Iterable[TimelineHour]) -> pb.GetTimelineResponse:
    """Returns the hours of a timeline."""
    return pb.GetTimelineResponse(hours=[_hour(hour) for hour in hours])


def _hour(hour: TimelineHour) -> pb.TimelineHour:
    growth = hour.growth
    fields: dict[str, Any] = {
        "start_time": hour.start_time,
        "metrics": fields_of(hour.counts),
        "growth": growth and {**fields_of(growth.counts), "elapsed_hours": growth.elapsed_hours},
        "snapshot_count": hour.snapshot_count,
    }
    return pb.TimelineHour(**fields)
