"""Attempts to reach another workspace by the calls of EngagementService."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.tenancy.attempts.attempt import CONNECTION, CONTEXT, NOTHING, OWN_TEST, PERSONA, POST, Attempt

YESTERDAY = datetime.now(UTC) - timedelta(days=1)
LIKE = {"kind": 1, "actor_handle": "bo", "interact_time": YESTERDAY + timedelta(hours=12)}

ATTEMPTS: dict[str, list[Attempt]] = {
    "CreatePersona": [(OWN_TEST, lambda theirs: {})],
    "GetPersona": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})],
    "ListPersonas": [(NOTHING, lambda theirs: {"show_deleted": True})],
    "UpdatePersona": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "persona": {"niche": "stolen"}})],
    "DeletePersona": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})],
    "StartContext": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "phase": "TEXT_GENERATION"})],
    "UpdateContext": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id, "context": {"note": "stolen"}})],
    "FinishContext": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id, "state": 3})],
    "GetContext": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id})],
    "ListContexts": [
        (NOTHING, lambda theirs: {}),
        (NOTHING, lambda theirs: {"persona_id": theirs.persona_id}),
    ],
    "SubmitFeedback": [(CONTEXT, lambda theirs: {"context_id": theirs.context_id, "rating": 5})],
    "CreatePost": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1, "platform_post_id": "stolen"}),
    ],
    "GetPost": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "ListPosts": [
        (NOTHING, lambda theirs: {}),
        (NOTHING, lambda theirs: {"persona_id": theirs.persona_id}),
        (NOTHING, lambda theirs: {"context_id": theirs.context_id}),
    ],
    "UpdatePost": [(POST, lambda theirs: {"post_id": theirs.post_id, "post": {"caption": "stolen"}})],
    "DeletePost": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "RecordMetrics": [(POST, lambda theirs: {"post_id": theirs.post_id, "metrics": {"likes": 1}})],
    "RecordInteractions": [(POST, lambda theirs: {"post_id": theirs.post_id, "interactions": [LIKE]})],
    "ListInteractions": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "AnalyzePost": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "AnalyzeAudience": [(PERSONA, lambda theirs: {"persona_id": theirs.persona_id})],
    "GetTimeline": [(POST, lambda theirs: {"post_id": theirs.post_id})],
    "ConnectPlatform": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1, "access_token": "stolen"}),
    ],
    "DisconnectPlatform": [
        (PERSONA, lambda theirs: {"persona_id": theirs.persona_id, "platform": 1}),
        (CONNECTION, lambda theirs: {"platform": 1}),
    ],
    "ListPlatforms": [
        (NOTHING, lambda theirs: {}),
        (NOTHING, lambda theirs: {"persona_id": theirs.persona_id}),
    ],
    "GetEngagementSettings": [(OWN_TEST, lambda theirs: {})],
    "UpdateEngagementSettings": [(OWN_TEST, lambda theirs: {})],
    "SyncPosts": [(PERSONA, lambda theirs: {"persona_ids": [theirs.persona_id]})],
    "WatchEngagement": [(OWN_TEST, lambda theirs: {})],
    "ImportPosts": [(OWN_TEST, lambda theirs: {})],
}
