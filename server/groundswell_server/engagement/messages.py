"""Engagement's messages as its dataclasses, and its dataclasses as messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from groundswell.v1 import common_pb2, learning_pb2
from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.engagement.audience import Audience
from groundswell_server.engagement.connections import Connection, ConnectionDraft
from groundswell_server.engagement.contexts import Context, ContextDraft, ContextEnd
from groundswell_server.engagement.demographics import Demographics
from groundswell_server.engagement.genuine.profiles import UNKNOWN, Profile, digit_share
from groundswell_server.engagement.imports import Imported, ImportRow, RefusedRow, refused
from groundswell_server.engagement.interactions import Interaction, NewInteraction, Recorded
from groundswell_server.engagement.lifecycle import TraceArtifact
from groundswell_server.engagement.metrics import Measured
from groundswell_server.engagement.personas import Handle, Persona, PersonaDraft
from groundswell_server.engagement.platforms import SHARING_A_LIMIT
from groundswell_server.engagement.post_analysis import AnalyzedPost, HourFigures
from groundswell_server.engagement.posts import COUNTS, Post, PostDraft, normalize_tag_filter
from groundswell_server.engagement.rates import Counts
from groundswell_server.engagement.syncing.plan import Wanted
from groundswell_server.engagement.syncing.report import SyncReport
from groundswell_server.engagement.timeline import TimelineHour
from groundswell_server.engagement.virality.events import ViralityAlert
from groundswell_server.engagement.vocabulary import (
    Complexity,
    Confidence,
    ContentType,
    ContextState,
    InteractionKind,
    MediaType,
    Platform,
    Validation,
)
from groundswell_server.engagement.watching import Change, Deleted, Judged, Watched
from groundswell_server.engagement.workspace_settings import EngagementSettings
from groundswell_server.runtime.validation import check
from groundswell_server.wellknown import fields_of, json_in, paths_in, time_in, word_in
from groundswell_storage.engagement.posts import PostFilter
from groundswell_storage.errors import InvalidArgument

_SPAM = "spam"
"""Learning's label of a text that is."""

PERSONA_FIELDS = frozenset({"name", "niche", "handles", "time_zone"})
CONTEXT_FIELDS = frozenset(
    {"note", "complexity", "state", "confidence", "validation", "input", "output", "assigned_agent", "strategy"}
)
POST_FIELDS = frozenset(
    {
        "content_id",
        "content_type",
        "category",
        "caption",
        "hashtags",
        "mentions",
        "media_type",
        "permalink",
        "attributes",
    }
)
"""What an update can change."""

_WORDS = {
    "complexity": Complexity,
    "state": ContextState,
    "confidence": Confidence,
    "validation": Validation,
    "content_type": ContentType,
    "media_type": MediaType,
}
SYNCED_HOURS = 24
"""Hours of posts that SyncPosts covers unless told."""
_SYNCED = tuple(platform for sharing in SHARING_A_LIMIT for platform in sharing)
_OBJECTS = frozenset({"input", "output", "strategy", "attributes"})


def persona_draft(request: pb.CreatePersonaRequest) -> PersonaDraft:
    """What a persona is to be made of."""
    return PersonaDraft(request.name, request.niche, _handles(request.handles), request.time_zone)


def persona_changes(request: pb.UpdatePersonaRequest) -> dict[str, Any]:
    """The new values of the fields that an update names."""
    paths = paths_in(request.update_mask, request.persona, PERSONA_FIELDS)
    return {
        path: _handles(request.persona.handles) if path == "handles" else getattr(request.persona, path)
        for path in paths
    }


def context_draft(request: pb.StartContextRequest) -> ContextDraft:
    """What a context is opened with."""
    return ContextDraft(
        phase=request.phase,
        persona_id=request.persona_id,
        note=request.note,
        complexity=Complexity(request.complexity),
        state=ContextState(request.state),
        confidence=Confidence(request.confidence),
        input=json_in(request, "input"),
        assigned_agent=request.assigned_agent,
        strategy=json_in(request, "strategy"),
    )


def context_changes(request: pb.UpdateContextRequest) -> dict[str, Any]:
    """The new values of the fields that an update names."""
    return _changes(request.context, paths_in(request.update_mask, request.context, CONTEXT_FIELDS), "context")


def context_end(request: pb.FinishContextRequest) -> ContextEnd:
    """How a context ends."""
    return ContextEnd(
        state=ContextState(request.state),
        output=json_in(request, "output"),
        confidence=Confidence(request.confidence),
        trace_artifacts=[TraceArtifact(each.type, each.message, each.place) for each in request.trace_artifacts],
    )


def post_draft(
    message: pb.CreatePostRequest | pb.ImportedPost, *, persona_id: str = "", context_id: str = ""
) -> PostDraft:
    """A post to record, or to import: its persona is then found by name."""
    return PostDraft(
        persona_id=persona_id,
        context_id=context_id,
        platform=Platform(message.platform),
        platform_post_id=message.platform_post_id,
        content_type=ContentType(message.content_type),
        category=message.category,
        content_id=message.content_id,
        caption=message.caption,
        hashtags=message.hashtags,
        mentions=message.mentions,
        media_type=MediaType(message.media_type),
        publish_time=time_in(message, "publish_time"),
        permalink=message.permalink,
        attributes=json_in(message, "attributes"),
    )


def post_changes(request: pb.UpdatePostRequest) -> dict[str, Any]:
    """The new values of the fields that an update names."""
    return _changes(request.post, paths_in(request.update_mask, request.post, POST_FIELDS), "post")


def post_filter(request: pb.ListPostsRequest) -> PostFilter:
    """Which posts to list."""
    return PostFilter(
        persona_id=request.persona_id,
        context_id=request.context_id,
        platform=request.platform,
        category=request.category,
        hashtag=normalize_tag_filter(request.hashtag),
        published_from=time_in(request, "published_from"),
        published_before=time_in(request, "published_before"),
    )


def counts_in(metrics: pb.Metrics) -> Counts:
    """Counts as reported; what is absent is unknown."""
    has: Callable[[str], bool] = metrics.HasField  # type: ignore[assignment]
    return Counts(**{name: getattr(metrics, name) if has(name) else None for name in COUNTS})


def demographics_in(request: pb.RecordMetricsRequest) -> Demographics | None:
    """Who a post reached; None when nothing is told."""
    if not request.HasField("demographics"):
        return None
    told = request.demographics
    return Demographics(dict(told.countries), dict(told.age_bands), dict(told.genders))


def import_row(row: pb.ImportedPost) -> ImportRow:
    """A row that keeps to the constraints; raises InvalidArgument for what they do not cover."""
    return ImportRow(
        line=row.line,
        persona_name=row.persona_name,
        draft=post_draft(row),
        time_zone=row.time_zone,
        follower_count=row.follower_count if row.HasField("follower_count") else None,
        counts=counts_in(row.metrics) if row.metrics.ListFields() else None,
        fetched=time_in(row, "fetch_time"),
        context_input=json_in(row, "context_input"),
        complexity=Complexity(row.complexity),
    )


def new_interactions(request: pb.RecordInteractionsRequest) -> list[NewInteraction]:
    """The rows of a batch; times stay whole microseconds, for there may be a million of them."""
    kinds = {int(kind): kind for kind in InteractionKind}
    return [
        NewInteraction(
            kinds[row.kind],
            row.interact_time.seconds * 1_000_000 + row.interact_time.nanos // 1000,
            row.actor_handle,
            row.text,
            row.platform_interaction_id,
            profile=profile_in(row.profile) if row.HasField("profile") else UNKNOWN,
        )
        for row in request.interactions
    ]


_PROFILE_FIELDS = {
    "age_days": "age_days",
    "follower_count": "followers",
    "following_count": "following",
    "media_count": "media",
    "has_picture": "has_picture",
    "bio_length": "bio_length",
    "has_link": "has_link",
    "is_private": "is_private",
    "is_verified": "is_verified",
    "handle_digit_share": "handle_digit_share",
}
"""What the filter goes by, by its name in the contract."""


def profile_in(message: common_pb2.AccountProfile) -> Profile:
    """What is known of an account; of its handle, where one is given, the digits."""
    sent = {
        _PROFILE_FIELDS[field.name]: value for field, value in message.ListFields() if field.name in _PROFILE_FIELDS
    }
    return Profile(**{"handle_digit_share": digit_share(message.handle), **sent})


def profile_message(profile: Profile) -> common_pb2.AccountProfile:
    """The figures that are kept of an account."""
    return common_pb2.AccountProfile(**{name: getattr(profile, kept) for name, kept in _PROFILE_FIELDS.items()})


def import_rows(request: pb.ImportPostsRequest) -> tuple[list[ImportRow], list[RefusedRow]]:
    """The rows of a batch, each checked by itself: those that can be imported, and those that can't."""
    rows: list[ImportRow] = []
    faulty: list[RefusedRow] = []
    for row in request.rows:
        try:
            check(row)
            rows.append(import_row(row))
        except InvalidArgument as error:
            faulty.append(refused(row.line, row.platform_post_id, error))
    return rows, faulty


def connection_draft(request: pb.ConnectPlatformRequest) -> ConnectionDraft:
    """A connection to make."""
    return ConnectionDraft(
        persona_id=request.persona_id,
        platform=Platform(request.platform),
        access_token=request.access_token,
        account=request.account,
        expire_time=time_in(request, "expire_time"),
    )


def pinned_sync(request: pb.SyncPostsRequest, now: datetime) -> pb.SyncPostsRequest:
    """The request with its moment filled in, so that each of its runs covers the same span."""
    result = pb.SyncPostsRequest()
    result.CopyFrom(request)
    result.as_of_time.FromDatetime(time_in(request, "as_of_time") or now)
    return result


def hourly_sync(hours: int, platforms: Iterable[Platform], now: datetime) -> bytes:
    """The request of a sync by the clock."""
    asked: dict[str, Any] = {"hours": hours, "platforms": [int(platform) for platform in platforms]}
    return pinned_sync(pb.SyncPostsRequest(**asked), now).SerializeToString()


def wanted(request: pb.SyncPostsRequest) -> Wanted:
    """What a pinned request asks for."""
    return Wanted(
        until=time_in(request, "as_of_time") or datetime.now(UTC),
        hours=request.hours or SYNCED_HOURS,
        platforms=tuple(Platform(number) for number in request.platforms) or _SYNCED,
        persona_ids=tuple(request.persona_ids),
    )


def watched(request: pb.WatchEngagementRequest) -> Watched:
    """Whose changes are wanted."""
    return Watched(frozenset(request.persona_ids), frozenset(request.post_ids))


def _changes(message: Any, paths: Iterable[str], name: str) -> dict[str, Any]:
    """The new values of the named fields."""
    return {path: _value(message, path, f"{name}.{path}") for path in paths}


def _value(message: Any, path: str, full_path: str) -> Any:
    if path in _OBJECTS:
        return json_in(message, path, full_path)
    value = getattr(message, path)
    if path in _WORDS:
        return word_in(_WORDS[path], value, full_path)
    return value if isinstance(value, str) else tuple(value)


def _handles(handles: Iterable[pb.PlatformHandle]) -> tuple[Handle, ...]:
    return tuple(
        Handle(Platform(each.platform), each.handle, each.follower_count if each.HasField("follower_count") else None)
        for each in handles
    )


def persona_message(persona: Persona) -> pb.Persona:
    """A persona as the contract has it; the dataclasses of the domain have its fields."""
    return pb.Persona(**fields_of(persona))


def context_message(context: Context) -> pb.Context:
    """A context as the contract has it."""
    return pb.Context(**fields_of(context))


def post_message(post: Post) -> pb.Post:
    """A post as the contract has it."""
    return pb.Post(**fields_of(post))


def interaction_message(interaction: Interaction) -> pb.Interaction:
    """An interaction as the contract has it."""
    profile = interaction.profile and profile_message(interaction.profile)
    return pb.Interaction(**fields_of(interaction) | {"profile": profile})


def measured_message(measured: Measured) -> pb.RecordMetricsResponse:
    """A post and its context after metrics were recorded."""
    return pb.RecordMetricsResponse(**fields_of(measured))


def analysis_message(analyzed: AnalyzedPost) -> pb.AnalyzePostResponse:
    """The analysis of a post."""
    elements = [fields_of(element) for element in analyzed.elements]
    for element in elements:
        del element["standard_error_pct"]
    return pb.AnalyzePostResponse(**fields_of(analyzed) | {"elements": elements})


def bots_request(profiles: Iterable[Profile]) -> learning_pb2.ClassifyProfilesRequest:
    """Asks Learning what accounts are."""
    return learning_pb2.ClassifyProfilesRequest(profiles=map(profile_message, profiles))


def bot_probabilities(response: learning_pb2.ClassifyProfilesResponse) -> list[float]:
    """What Learning takes accounts for, in the order they were asked for."""
    return [found.bot_probability for found in response.classes]


def spam_request(texts: Iterable[str]) -> learning_pb2.ClassifyTextRequest:
    """Asks Learning what texts are."""
    return learning_pb2.ClassifyTextRequest(model_type=learning_pb2.MODEL_TYPE_SPAM_DETECTOR, texts=texts)


def spam_probabilities(response: learning_pb2.ClassifyTextResponse) -> list[float]:
    """What Learning takes texts for, in the order they were asked for."""
    return [
        next((one.probability for one in found.probabilities if one.label == _SPAM), 0.0) for found in response.classes
    ]


def audience_message(found: Audience) -> pb.AnalyzeAudienceResponse:
    """Who stands behind the interactions of a persona's posts."""
    return pb.AnalyzeAudienceResponse(**fields_of(found))


def timing_request(post: Post) -> learning_pb2.PredictTimingRequest:
    """Asks Learning for the best hours of a post's persona on its platform."""
    asked: dict[str, Any] = {"persona_id": post.persona_id, "platform": post.platform}
    return learning_pb2.PredictTimingRequest(**asked)


def best_hour(response: learning_pb2.PredictTimingResponse) -> HourFigures | None:
    """The best hour of the day that Learning knows; None when it knows none with an interval."""
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


def timeline_message(hours: Iterable[TimelineHour]) -> pb.GetTimelineResponse:
    """The hours of a post."""
    return pb.GetTimelineResponse(hours=[_hour(hour) for hour in hours])


def _hour(hour: TimelineHour) -> pb.TimelineHour:
    growth = hour.growth
    told: dict[str, Any] = {
        "start_time": hour.start_time,
        "metrics": fields_of(hour.counts),
        "growth": growth and {**fields_of(growth.counts), "elapsed_hours": growth.elapsed_hours},
        "snapshot_count": hour.snapshot_count,
    }
    return pb.TimelineHour(**told)


def recorded_message(recorded: Recorded, posts: Iterable[Post]) -> pb.RecordInteractionsResponse:
    """What became of interactions, and the posts they belong to."""
    return pb.RecordInteractionsResponse(**fields_of(recorded), posts=[post_message(post) for post in posts])


def settings_message(settings: EngagementSettings) -> pb.EngagementSettings:
    """The message of a workspace's settings."""
    return pb.EngagementSettings(**fields_of(settings))


def connection_message(connection: Connection) -> pb.PlatformConnection:
    """A connection as the contract has it."""
    return pb.PlatformConnection(**fields_of(connection))


def sync_message(report: SyncReport) -> pb.SyncReport:
    """What came of a sync."""
    return pb.SyncReport(**fields_of(report))


def import_message(imported: Imported) -> pb.ImportPostsResponse:
    """The report of an import."""
    return pb.ImportPostsResponse(**fields_of(imported))


def change_message(change: Change) -> pb.WatchEngagementResponse:
    """What a watcher is told."""
    told: dict[str, Any] = {"cursor": change.cursor, "event_time": change.event_time}
    match change.what:
        case Post() as post:
            told["post"] = fields_of(post)
        case Context() as context:
            told["context"] = fields_of(context)
        case Judged() as judged:
            told["interactions_judged"] = fields_of(judged)
        case Deleted(post_id):
            told["deleted_post_id"] = post_id
        case ViralityAlert() as alert:
            told["virality_alert"] = fields_of(alert)
    return pb.WatchEngagementResponse(**told)
