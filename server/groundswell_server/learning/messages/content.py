"""Conversion of content, its scores and its recommendations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, time_in
from groundswell_server.learning.features.content import ContentQuery, Draft
from groundswell_server.learning.messages.enums import numbers
from groundswell_server.learning.messages.estimates import fill_interval

if TYPE_CHECKING:
    from groundswell_server.learning.scoring.live_scorer import LiveScorer
    from groundswell_server.learning.scoring.optimizer import Aim, Optimization
    from groundswell_server.learning.scoring.scorer import Score

_TIERS = numbers(pb.ScoreTier, "SCORE_TIER_")
_CONFIDENCES = numbers(pb.ConfidenceLevel, "CONFIDENCE_LEVEL_")


def content_query_in(request: Any, path: str = "") -> ContentQuery:
    """Returns the content of any request with the fields `context_id` and `draft`.

    `path` is the path of this request within the outer one, for error messages, with a dot at the end.
    """
    if not request.HasField("draft"):
        return ContentQuery(request.context_id, None)
    draft = request.draft
    return ContentQuery(
        request.context_id,
        Draft(
            draft.persona_id,
            draft.platform,
            draft.media_type,
            draft.category,
            draft.caption,
            draft.hashtags,
            time_in(draft, "publish_time", f"{path}draft.publish_time"),
            len(draft.prompt) or None,
            draft.complexity,
            draft.agent_assigned if draft.HasField("agent_assigned") else None,
        ),
    )


def content_queries_in(request: pb.BatchScoreContentRequest) -> list[ContentQuery]:
    """Returns the pieces of content of a batch."""
    return [content_query_in(one, f"requests[{place}].") for place, one in enumerate(request.requests)]


def aim_in(request: pb.OptimizeContentRequest) -> Aim:
    """Returns the goal of an optimization."""
    # The optimizer imports NumPy, which the start of a server should not wait for.
    from groundswell_server.learning.scoring.optimizer import Aim

    given: dict[str, Any] = {"target_score": request.target_score} if request.HasField("target_score") else {}
    if request.max_recommendations:
        given["limit"] = request.max_recommendations
    return Aim(**given)


def fill_score(message: pb.ContentScore, score: Score, live: LiveScorer) -> None:
    """Writes a score into a message, field by field, which takes half the time of a constructor."""
    message.score = score.score
    message.tier = _TIERS[score.tier]
    message.confidence = _CONFIDENCES[score.confidence]
    rate = score.engagement
    if rate is None or score.lower is None or score.upper is None:
        message.method = pb.SCORING_METHOD_RULES
        message.points.extend(
            pb.RulePoints(rule=one.rule, points=one.points, reason=one.reason) for one in score.points
        )
        return
    message.method = pb.SCORING_METHOD_MODEL
    fill_interval(message.interval, score.lower, score.upper)
    message.engagement_rate_pct = rate.value
    fill_interval(message.engagement_interval, rate.lower, rate.upper)
    if score.percentile is not None:
        message.engagement_percentile = score.percentile
    if score.success_probability is not None:
        message.success_probability = score.success_probability
    message.model_versions.extend(live.labels)


def scores_message(scores: Sequence[Score], lives: Sequence[LiveScorer]) -> pb.BatchScoreContentResponse:
    """Returns scores in order, each with the versions that gave it."""
    response = pb.BatchScoreContentResponse()
    for score, live in zip(scores, lives, strict=True):
        fill_score(response.scores.add(), score, live)
    return response


def optimization_message(found: Optimization, live: LiveScorer) -> pb.OptimizeContentResponse:
    """Returns the recommendations and the path of an optimization."""
    response = pb.OptimizeContentResponse(
        recommendations=[pb.Recommendation(**fields_of(one)) for one in found.recommendations],
        path=[
            pb.PathStep(
                element=step.change.element,
                suggested_value=step.change.suggested,
                score_after=step.score_after,
            )
            for step in found.path
        ],
        target_reached=found.target_reached,
    )
    fill_score(response.score, found.current, live)
    fill_score(response.optimized_score, found.optimized, live)
    return response
