"""Patterns on the wire: requests to what the domain asks, and what it answers to responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.struct_pb2 import Struct

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import time_in
from groundswell_server.learning.messages.estimates import estimate, estimate_message
from groundswell_server.learning.patterns.query import PatternQuery

if TYPE_CHECKING:
    from groundswell_server.learning.patterns.analysis import Analysis, ContentPattern
    from groundswell_server.learning.patterns.content_features import FeatureContrast
    from groundswell_server.learning.patterns.failures import FailurePattern, Failures
    from groundswell_server.learning.patterns.hashtags import HashtagEffect, HashtagEffects
    from groundswell_server.learning.patterns.period_performance import Performance, Period, PlatformPerformance
    from groundswell_server.learning.patterns.recommendations import Recommendations, RecommendedPattern
    from groundswell_server.learning.patterns.successes import Successes, SuccessfulPost
    from groundswell_server.learning.patterns.suggestions import Suggestion, Suggestions

RECENT_DAYS = 30
LONG_DAYS = 90
MIN_RATE_PCT = 5.0


def pattern_query_in(request: Any, target_age: timedelta, now: datetime, days: int) -> PatternQuery:
    """Whose posts and contexts are asked for, of which time; `days` unless the request says how many."""
    given = {field.name: getattr(request, field.name) for field in request.DESCRIPTOR.fields}
    return PatternQuery(
        as_of=("as_of_time" in given and time_in(request, "as_of_time")) or now,
        lookback=timedelta(days=given.get("lookback_days", 0) or given.get("period_days", 0) or days),
        target_age=target_age,
        persona_id=request.persona_id,
        platform=given.get("platform", 0),
        content_type=given.get("content_type", 0),
        phase=given.get("phase", ""),
    )


def min_rate_in(request: pb.FindSuccessfulPatternsRequest) -> float:
    """The rate from which a post counts, percent."""
    return request.min_rate_pct if request.HasField("min_rate_pct") else MIN_RATE_PCT


def analysis_message(found: Analysis, days: int) -> pb.AnalyzePatternsResponse:
    """Patterns of a sample."""
    return pb.AnalyzePatternsResponse(
        winning_patterns=[_pattern(one) for one in found.winning],
        losing_patterns=[_pattern(one) for one in found.losing],
        insights=found.insights,
        statistics=pb.PatternStatistics(
            sample_count=found.sample_size,
            cluster_count=found.clustering.count,
            silhouette=found.clustering.silhouette,
            winning_count=len(found.winning),
            losing_count=len(found.losing),
            lookback_days=days,
            cross_fitted=found.clustering.cross_fitted,
            mean_rate_pct=found.mean_rate_pct,
        ),
        notes=found.notes,
    )


def recommendations_message(found: Recommendations) -> pb.RecommendPatternsResponse:
    """Patterns of a task."""
    return pb.RecommendPatternsResponse(patterns=[_recommended(one) for one in found.patterns], notes=found.notes)


def successes_message(found: Successes, best: Sequence[SuccessfulPost]) -> pb.FindSuccessfulPatternsResponse:
    """Posts that did well."""
    return pb.FindSuccessfulPatternsResponse(
        patterns=[_successful(one) for one in best],
        traits=[
            pb.CommonTrait(
                trait=one.trait,
                successful_count=one.successful_count,
                successful_share=one.successful_share,
                other_count=one.other_count,
                other_share=one.other_share,
            )
            for one in found.traits
        ],
        successful_count=found.successful_count,
        post_count=found.post_count,
        waiting_count=found.waiting_count,
    )


def failures_message(found: Failures, examples: int) -> pb.FindFailurePatternsResponse:
    """What went wrong."""
    return pb.FindFailurePatternsResponse(
        patterns=[_failure(one, examples) for one in found.patterns],
        context_count=found.context_count,
        failure_count=found.failure_count,
    )


def hashtags_message(found: HashtagEffects, top_k: int) -> pb.GetEffectiveHashtagsResponse:
    """The first `top_k` hashtags."""
    return pb.GetEffectiveHashtagsResponse(
        hashtags=[_hashtag(one) for one in found.hashtags[:top_k]],
        tested_count=len(found.hashtags),
        sample_size=found.sample_size,
        notes=found.notes,
    )


def performance_message(found: Performance) -> pb.SummarizePerformanceResponse:
    """A period against the one before."""
    return pb.SummarizePerformanceResponse(
        period=_period(found.period),
        period_before=_period(found.before),
        changes=[
            pb.PerformanceChange(
                figure=one.figure, before=one.before, now=one.now, change_pct=one.change_pct, p_value=one.p_value
            )
            for one in found.changes
        ],
        platforms=[_platform(one) for one in found.platforms],
        best_post_ids=found.best_post_ids,
        summary=found.summary,
    )


def suggestions_message(found: Suggestions) -> pb.SuggestImprovementsResponse:
    """What could be better."""
    return pb.SuggestImprovementsResponse(
        suggestions=[_suggestion(one) for one in found.suggestions], notes=found.notes
    )


def _pattern(one: ContentPattern) -> pb.ContentPattern:
    comparison = one.comparison
    return pb.ContentPattern(
        id=one.id,
        type=pb.PATTERN_TYPE_WINNING if one.winning else pb.PATTERN_TYPE_LOSING,
        description=one.description,
        features=[_feature(feature) for feature in one.features],
        confidence=comparison.confidence,
        sample_size=comparison.sample_size,
        confirmation_size=comparison.confirmation_size,
        effect_size=comparison.effect_size,
        lift_pct=estimate(*one.lift_pct, comparison.confirmation_size),
        adjusted_p_value=comparison.adjusted_p_value,
        applicable_tasks=one.applicable_tasks,
    )


def _feature(one: FeatureContrast) -> pb.PatternFeature:
    return pb.PatternFeature(name=one.name, value=one.value, rest_value=one.rest_value, difference=one.difference)


def _recommended(one: RecommendedPattern) -> pb.RecommendedPattern:
    return pb.RecommendedPattern(
        source=pb.PatternSource.Value(f"PATTERN_SOURCE_{one.source}"),
        name=one.name,
        description=one.description,
        confidence=one.confidence,
        sample_size=one.sample_size,
        why=one.why,
        strategy=_struct(one.strategy),
        generation_parameters=_struct(one.generation_parameters),
        features=[_feature(feature) for feature in one.features],
        example_context_ids=one.example_context_ids,
    )


def _successful(one: SuccessfulPost) -> pb.SuccessfulPattern:
    post, making = one.post, one.making
    enums: dict[str, Any] = {"platform": post.platform, "media_type": post.media_type}
    message = pb.SuccessfulPattern(
        **enums,
        post_id=post.post_id,
        context_id=post.context_id or "",
        persona_id=post.persona_id,
        engagement_rate_pct=post.aged_rate_pct or 0.0,
        hashtags=post.hashtags,
        hour=one.local.hour,
        weekday=one.local.isoweekday(),
        caption_length=len(post.caption),
        phase=post.phase or "",
        strategy=_struct(making and making.strategy),
        generation_parameters=_struct(making and making.parameters),
    )
    message.publish_time.FromDatetime(post.publish_time)
    return message


def _failure(one: FailurePattern, examples: int) -> pb.FailurePattern:
    return pb.FailurePattern(
        type=one.type,
        kind=pb.FailureKind.Value(f"FAILURE_KIND_{one.kind}"),
        count=len(one.cases),
        frequency=estimate_message(one.frequency),
        phases=[
            pb.PhaseFailures(
                phase=phase.phase,
                failure_count=phase.failure_count,
                context_count=phase.share.sample_size,
                failure_share=estimate_message(phase.share),
            )
            for phase in one.phases
        ],
        examples=[_example(one, place) for place in range(min(examples, len(one.cases)))],
        risks=[
            pb.FailureRisk(
                trait=risk.trait,
                share_with=risk.share_with,
                share_without=risk.share_without,
                context_count=risk.context_count,
                adjusted_p_value=risk.adjusted_p_value,
            )
            for risk in one.risks
        ],
        how_to_avoid=one.how_to_avoid,
    )


def _example(one: FailurePattern, number: int) -> pb.FailureExample:
    case = one.cases[number]
    said, place = one.message_of(case)
    message = pb.FailureExample(context_id=case.context_id, phase=case.phase, message=said, location=place)
    message.create_time.FromDatetime(case.create_time)
    return message


def _hashtag(one: HashtagEffect) -> pb.HashtagEffect:
    return pb.HashtagEffect(
        hashtags=one.hashtags,
        association=pb.Association.Value(f"ASSOCIATION_{one.association}"),
        effect_pct=estimate(one.effect_pct, one.lower_pct, one.upper_pct, one.posts_with),
        raw_effect_pct=one.raw_effect_pct,
        p_value=one.p_value,
        adjusted_p_value=one.adjusted_p_value,
        mean_rate_pct=one.mean_rate_pct,
        posts_without=one.posts_without,
    )


def _period(one: Period) -> pb.PeriodPerformance:
    message = pb.PeriodPerformance(
        post_count=len(one.posts),
        measured_count=len(one.aged),
        mean_rate_pct=estimate_message(one.mean),
        median_rate_pct=one.median,
        success_share=estimate_message(one.success_share),
        genuine_total=one.genuine,
        filtered_total=one.filtered,
        contexts_done=one.done,
        contexts_failed=one.failed,
    )
    message.start_time.FromDatetime(one.start)
    message.end_time.FromDatetime(one.end)
    return message


def _platform(one: PlatformPerformance) -> pb.PlatformPerformance:
    platform: Any = one.platform
    return pb.PlatformPerformance(
        platform=platform,
        post_count=one.post_count,
        mean_rate_pct=estimate_message(one.mean),
        mean_rate_pct_before=estimate_message(one.mean_before),
    )


def _suggestion(one: Suggestion) -> pb.Suggestion:
    return pb.Suggestion(
        area=one.area,
        advice=one.advice,
        priority=pb.Priority.Value(f"PRIORITY_{one.priority}"),
        figures=[
            pb.CitedFigure(name=cited.name, estimate=estimate_message(cited.estimate), unit=cited.unit)
            for cited in one.evidence
        ],
    )


def _struct(settings: Mapping[str, Any] | None) -> Struct | None:
    if not settings:
        return None
    struct = Struct()
    struct.update(dict(settings))
    return struct
