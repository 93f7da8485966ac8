"""Messages of analyses, and the request for the best hour."""

from __future__ import annotations

from typing import Any

from groundswell.v1 import engagement_pb2 as pb
from groundswell.v1 import learning_pb2
from groundswell_server.conversions.protobuf_conversions import fields_of, message_of
from groundswell_server.engagement.analysis.audience import Audience
from groundswell_server.engagement.analysis.post_analysis import AnalyzedPost, HourFigures
from groundswell_server.engagement.posts.posts import Post


def analysis_message(analyzed: AnalyzedPost) -> pb.AnalyzePostResponse:
    """Returns the message of an analysis."""
    elements = [fields_of(element) for element in analyzed.elements]
    for element in elements:
        del element["standard_error_pct"]
    return pb.AnalyzePostResponse(**fields_of(analyzed) | {"elements": elements})


def audience_message(found: Audience) -> pb.AnalyzeAudienceResponse:
    """Returns the message of an audience."""
    return message_of(pb.AnalyzeAudienceResponse, found)


def timing_request(post: Post) -> learning_pb2.PredictTimingRequest:
    """Returns the request for the best hours of a post's persona on its platform."""
    fields: dict[str, Any] = {"persona_id": post.persona_id, "platform": post.platform}
    return learning_pb2.PredictTimingRequest(**fields)


def best_hour(response: learning_pb2.PredictTimingResponse) -> HourFigures | None:
    """Returns the best predicted hour; None without an hour that has an interval."""
    if not response.best_hours or not response.best_hours[0].engagement_rate_pct.HasField("interval"):
        return None
    slot = response.best_hours[0]
    rate = slot.engagement_rate_pct
    return HourFigures(
        hour=slot.hour,
        time_zone=response.time_zone,
        mean_rate_pct=rate.value,
        lower_pct=rate.interval.lower,
        upper_pct=rate.interval.upper,
        level=rate.interval.level,
        sample_size=rate.sample_size,
        average_rate_pct=response.mean_rate_pct.value,
        probability_better=slot.probability_above_average,
    )
