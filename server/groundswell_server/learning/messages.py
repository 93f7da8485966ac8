"""Learning on the wire: requests to what the domain speaks, and what it answers to responses.

Enums of the domain have the contract's names (model types, stages, tiers, ...) or its numbers (all of content).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf import struct_pb2

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.features.content import Ask, Draft
from groundswell_server.learning.registry import Promotion
from groundswell_server.learning.timing.best_hours import BestHours, Question
from groundswell_server.settings import Settings
from groundswell_server.wellknown import time_in
from groundswell_storage.learning.model_versions import Figures, ModelVersion

if TYPE_CHECKING:
    from groundswell_server.learning.prediction.predictions import Prediction
    from groundswell_server.learning.scoring.optimization import Optimization, Recommendation
    from groundswell_server.learning.scoring.scores import Score
    from groundswell_server.learning.serving.live_models import Live
    from groundswell_server.learning.serving.served import Served
    from groundswell_server.learning.timing.estimates import Slot
    from groundswell_server.learning.training.run import Run

_DEFAULT_TEST_SHARE = 0.3
_TIMING_DAYS = 90
_TOP_SLOTS = 5
_TARGET_SCORE = 80.0
_MOST_RECOMMENDATIONS = 10
_LEVEL = 0.95
"""Of the intervals of scores, gains, importance and hours."""


def numbers(enum: Any, prefix: str) -> Mapping[str, Any]:
    """The values of an enum of the contract by their names without prefix."""
    return {name.removeprefix(prefix): number for name, number in enum.items()}


_MODEL_TYPES = numbers(pb.ModelType, "MODEL_TYPE_")
_STAGES = numbers(pb.ModelStage, "MODEL_STAGE_")
_TIERS = numbers(pb.ScoreTier, "SCORE_TIER_")
_CONFIDENCES = numbers(pb.ConfidenceLevel, "CONFIDENCE_LEVEL_")
_PRIORITIES = numbers(pb.Priority, "PRIORITY_")
_MODEL_TYPE_NAMES = {number: name for name, number in _MODEL_TYPES.items()} | {0: ""}
_STAGE_NAMES = {number: name for name, number in _STAGES.items()} | {0: ""}


def model_type_in(request: Any, default: str = "") -> str:
    """The name of the request's `model_type` without prefix."""
    return _MODEL_TYPE_NAMES[request.model_type] or default


def model_type_number(name: str) -> Any:
    """The contract's number of a model type."""
    return _MODEL_TYPES[name]


def level_in(request: pb.PredictEngagementRequest) -> float:
    """The level of the interval that is asked for."""
    return request.level if request.HasField("level") else _LEVEL


def aim_in(request: pb.OptimizeContentRequest) -> tuple[float, int]:
    """The score to get to, and the most recommendations."""
    target = request.target_score if request.HasField("target_score") else _TARGET_SCORE
    return target, request.max_recommendations or _MOST_RECOMMENDATIONS


def stage_in(request: pb.ListModelsRequest) -> str:
    """The name of the request's `stage` without prefix; empty for any."""
    return _STAGE_NAMES[request.stage]


def pinned(request: pb.TrainModelRequest, now: datetime) -> pb.TrainModelRequest:
    """The request with its moment filled in, so that a run that has to be repeated learns from the same posts."""
    if time_in(request, "as_of_time") is not None:
        return request
    result = pb.TrainModelRequest()
    result.CopyFrom(request)
    result.as_of_time.FromDatetime(now)
    return result


def run_of(request: pb.TrainModelRequest, settings: Settings, now: datetime) -> Run:
    """What a request asks for, defaults filled in from the settings."""
    threshold = request.success_threshold_pct if request.HasField("success_threshold_pct") else None
    from groundswell_server.learning.training.dataset import Span
    from groundswell_server.learning.training.run import Run

    return Run(
        model_type=model_type_in(request),
        span=Span(
            as_of=time_in(request, "as_of_time") or now,
            lookback=_lookback(request, settings),
            target_age=timedelta(days=settings.ml_target_age_days),
            persona_id=request.persona_id,
        ),
        minimum_samples=settings.ml_min_training_samples,
        test_share=request.test_share if request.HasField("test_share") else _DEFAULT_TEST_SHARE,
        success_threshold_pct=settings.success_threshold_pct if threshold is None else threshold,
        grid_search=request.grid_search,
        random_seed=request.random_seed,
        promote_if_better=request.promotion != pb.PROMOTION_NEVER,
    )


def _lookback(request: pb.TrainModelRequest, settings: Settings) -> timedelta:
    if request.lookback_days:
        return timedelta(days=request.lookback_days)
    from groundswell_server.learning import model_types

    forgets = model_types.get(model_type_in(request)).forgets
    return timedelta(days=settings.ml_lookback_days) if forgets else timedelta.max


def ask_in(request: Any, path: str = "") -> Ask:
    """Which content a request is about: of any request that has `context_id` and `draft`.

    `path`: where the request stands in the one that came, with a dot at the end.
    """
    if not request.HasField("draft"):
        return Ask(request.context_id, None)
    draft = request.draft
    return Ask(
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


def model_message(version: ModelVersion) -> pb.Model:
    """A version as the contract shows it."""
    result = version.result
    parameters = struct_pb2.Struct()
    parameters.update(dict(result.parameters))
    model = pb.Model(
        id=version.id,
        model_type=_MODEL_TYPES[version.model_type],
        version=version.version,
        stage=_STAGES[version.stage],
        sample_count=result.sample_count,
        features=result.features,
        parameters=parameters,
        train_metrics=metrics_message(result.train_metrics),
        test_metrics=metrics_message(result.test_metrics),
        beats_baselines=result.beats_baselines,
        library_versions=dict(result.library_versions),
        artifact_digest=version.artifact_digest,
        artifact_bytes=version.artifact_bytes,
        notes=result.notes,
    )
    # One that the type is not compared with is absent, not full of zeros.
    for name, figures in result.baselines.items():
        getattr(model, f"{name}_baseline").CopyFrom(metrics_message(figures))
    model.data_start_time.FromDatetime(result.data_start)
    model.data_end_time.FromDatetime(result.data_end)
    model.create_time.FromDatetime(version.created)
    if version.promoted is not None:
        model.promote_time.FromDatetime(version.promoted)
    return model


def promotion_fields(promotion: Promotion) -> dict[str, pb.Model]:
    """The fields of the response to a promotion or a way back."""
    fields = {"model": model_message(promotion.live)}
    if promotion.retired is not None:
        fields["retired_model"] = model_message(promotion.retired)
    return fields


def importance_message(version: ModelVersion) -> pb.GetFeatureImportanceResponse:
    """What a version goes by, as its training run found out."""
    features = [
        pb.FeatureImportance(
            feature=one["feature"],
            impurity=_spread(one["impurity"], version.result.sample_count),
            permutation=_spread(one["permutation"], one["sample_size"]),
        )
        for one in version.result.importance
    ]
    return pb.GetFeatureImportanceResponse(model_id=version.id, features=features)


def engagement_message(served: Served, prediction: Prediction, level: float) -> pb.PredictEngagementResponse:
    """A predicted rate, percent."""
    return pb.PredictEngagementResponse(
        engagement_rate_pct=prediction.value,
        interval=common_pb2.Interval(lower=prediction.lower, upper=prediction.upper, level=level),
        model_id=served.model_id,
        model_version=served.version,
    )


def success_message(served: Served, prediction: Prediction, threshold_pct: float) -> pb.PredictSuccessResponse:
    """A predicted probability of reaching the threshold."""
    return pb.PredictSuccessResponse(
        success_probability=prediction.value,
        success_threshold_pct=threshold_pct,
        confidence=2.0 * abs(prediction.value - 0.5),
        model_id=served.model_id,
        model_version=served.version,
    )


def fill_score(message: pb.ContentScore, score: Score, live: Live) -> None:
    """Writes a score into a message: field by field, which costs half of what a constructor does."""
    message.composite = score.composite
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


def scores_message(scores: Sequence[Score], lives: Sequence[Live]) -> pb.BatchScoreContentResponse:
    """Many scores, in order, each with what gave it."""
    response = pb.BatchScoreContentResponse()
    for score, live in zip(scores, lives, strict=True):
        fill_score(response.scores.add(), score, live)
    return response


def optimization_message(found: Optimization, live: Live) -> pb.OptimizeContentResponse:
    """What could be better about content."""
    response = pb.OptimizeContentResponse(
        recommendations=[_recommendation(one) for one in found.recommendations],
        path=[
            pb.PathStep(
                element=step.change.element,
                suggested_value=step.change.suggested,
                composite_after=step.composite_after,
            )
            for step in found.path
        ],
        target_reached=found.target_reached,
    )
    fill_score(response.score, found.current, live)
    fill_score(response.optimized_score, found.optimized, live)
    return response


def question_in(request: pb.PredictTimingRequest, target_age: timedelta, now: datetime) -> Question:
    """Whose best hours are asked for, and by which posts."""
    return Question(
        persona_id=request.persona_id,
        platform=request.platform,
        as_of=time_in(request, "as_of_time") or now,
        lookback=timedelta(days=request.lookback_days or _TIMING_DAYS),
        target_age=target_age,
    )


def timing_message(found: BestHours, top_k: int) -> pb.PredictTimingResponse:
    """The best `top_k` hours and slots, 5 for 0."""
    timing, top_k = found.timing, top_k or _TOP_SLOTS
    mean = timing.mean
    return pb.PredictTimingResponse(
        best_hours=[_slot(slot) for slot in timing.hours[:top_k]],
        best_slots=[_slot(slot) for slot in timing.slots[:top_k]],
        mean_rate_pct=_estimate(mean.value, mean.lower, mean.upper, mean.sample_size),
        sample_size=timing.sample_size,
        time_zone=found.time_zone,
        notes=timing.notes,
    )


def _slot(slot: Slot) -> pb.TimeSlot:
    rate = slot.rate
    return pb.TimeSlot(
        weekday=slot.weekday,
        hour=slot.hour,
        engagement_rate_pct=_estimate(rate.value, rate.lower, rate.upper, rate.sample_size),
        raw_mean_pct=slot.raw_mean_pct,
        probability_above_average=slot.probability_above_average,
    )


def _recommendation(one: Recommendation) -> pb.Recommendation:
    gain = one.gain
    return pb.Recommendation(
        element=one.change.element,
        current_value=one.change.current,
        suggested_value=one.change.suggested,
        advice=one.advice,
        priority=_PRIORITIES[one.priority],
        expected_gain=None if gain is None else _estimate(gain.value, gain.lower, gain.upper, gain.sample_size),
        rule_of_thumb=one.rule_of_thumb,
        customary_gain=one.customary_gain,
    )


def _estimate(value: float, lower: float, upper: float, sample_size: int) -> common_pb2.Estimate:
    interval = common_pb2.Interval(lower=lower, upper=upper, level=_LEVEL)
    return common_pb2.Estimate(value=value, interval=interval, sample_size=sample_size)


def _spread(spread: Mapping[str, float], sample_size: int) -> common_pb2.Estimate:
    return _estimate(spread["value"], spread["lower"], spread["upper"], sample_size)


def fill_interval(interval: common_pb2.Interval, lower: float, upper: float) -> None:
    """Writes a 95% interval."""
    interval.lower = lower
    interval.upper = upper
    interval.level = _LEVEL


def metrics_message(figures: Figures) -> pb.ModelMetrics:
    """Metrics that the contract does not name are not shown."""
    message = pb.ModelMetrics()
    for name in message.DESCRIPTOR.fields_by_name:
        if name in figures:
            setattr(message, name, int(figures[name]) if name == "sample_size" else figures[name])
    return message
