"""What the calls of EngagementService refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc

from tests.contract.bad_requests.request import (
    HUGE,
    INFINITY,
    NAN,
    NO_TIME,
    NOBODY,
    TOMORROW,
    UNKNOWN_NUMBER,
    YEAR_1,
    YESTERDAY,
    Bad,
    Fields,
    missing,
    pages,
)
from tests.workspaces import Workspace


def persona(**changes: Any) -> Mapping[str, Any]:
    """A CreatePersona request, right but for the changes."""
    return {"name": "Ava", **changes}


def post(**changes: Any) -> Callable[[Workspace], Mapping[str, Any]]:
    """A CreatePost request, right but for the changes."""
    return lambda own: {
        "persona_id": own.persona_id,
        "platform": 1,
        "platform_post_id": str(uuid4()),
        **changes,
    }


def metrics(**changes: Any) -> Callable[[Workspace], Mapping[str, Any]]:
    """A RecordMetrics request with these counts."""
    return lambda own: {"post_id": own.post_id, "metrics": changes}


def interaction(**changes: Any) -> Callable[[Workspace], Mapping[str, Any]]:
    """A RecordInteractions request with one interaction, right but for the changes."""
    one = {"kind": 1, "actor_handle": "bo", "interact_time": YESTERDAY + timedelta(hours=1)}
    return lambda own: {"post_id": own.post_id, "interactions": [{**one, **changes}]}


def connection(**changes: Any) -> Mapping[str, Any]:
    """A ConnectPlatform request, right but for the changes."""
    return {"platform": 1, "access_token": "EAAGm0PX4ZCpsBAKZC", **changes}


BAD: dict[str, list[Bad]] = {
    "CreatePersona": [
        Bad("name with a NUL", persona(name="a\0b"), ("name",)),
        Bad("unknown time zone", persona(time_zone="Europe/Atlantis"), ("time_zone",)),
        Bad("time zone out of the file system", persona(time_zone="../../etc/passwd"), ("time_zone",)),
        Bad("time zone of the server's own", persona(time_zone="localtime"), ("time_zone",)),
        Bad("time zone that counts leap seconds", persona(time_zone="right/UTC"), ("time_zone",)),
        Bad("handle that nobody sees", persona(handles=[{"platform": 1, "handle": "\u200b"}]), ("handles[0].handle",)),
    ],
    "GetPersona": [
        missing("unknown", "PERSONA_NOT_FOUND", {"persona_id": NOBODY}),
    ],
    "ListPersonas": [
        *pages(),
    ],
    "UpdatePersona": [
        missing("unknown", "PERSONA_NOT_FOUND", {"persona_id": NOBODY, "persona": {"niche": "x"}}),
        Bad(
            "unknown mask path",
            lambda own: {"persona_id": own.persona_id, "persona": {}, "update_mask": {"paths": ["nonsense"]}},
            ("update_mask",),
        ),
        Bad(
            "mask path that the server keeps",
            lambda own: {"persona_id": own.persona_id, "persona": {}, "update_mask": {"paths": ["create_time"]}},
            ("update_mask",),
        ),
        Bad(
            "name taken away",
            lambda own: {"persona_id": own.persona_id, "persona": {}, "update_mask": {"paths": ["name"]}},
            ("persona.name",),
        ),
        Bad(
            "stale etag",
            lambda own: {"persona_id": own.persona_id, "persona": {"niche": "x", "etag": "stale"}},
            code=grpc.StatusCode.ABORTED,
            reason="ETAG_MISMATCH",
        ),
    ],
    "DeletePersona": [
        missing("unknown", "PERSONA_NOT_FOUND", {"persona_id": NOBODY}),
    ],
    "StartContext": [
        missing("unknown persona", "PERSONA_NOT_FOUND", {"phase": "TEXT", "persona_id": NOBODY}),
        Bad("input with NaN", {"phase": "TEXT", "input": {"seed": NAN}}, ("input",)),
        Bad("input with infinity", {"phase": "TEXT", "input": {"a": {"b": [INFINITY]}}}, ("input",)),
        Bad("input with a NUL", {"phase": "TEXT", "input": {"prompt": "a\0b"}}, ("input",)),
        Bad("input beyond 256 KiB", {"phase": "TEXT", "input": {"prompt": "p" * 2**18}}, ("input",)),
        Bad("strategy with a NUL in a key", {"phase": "TEXT", "strategy": {"a\0b": 1}}, ("strategy",)),
    ],
    "UpdateContext": [
        missing("unknown", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, "context": {"note": "x"}}),
        Bad(
            "unknown mask path",
            lambda own: {"context_id": own.context_id, "context": {}, "update_mask": {"paths": ["pattern"]}},
            ("update_mask",),
        ),
        Bad(
            "output with NaN",
            lambda own: {"context_id": own.context_id, "context": {"output": {"x": NAN}}},
            ("context.output",),
        ),
        Bad(
            "unknown state",
            lambda own: {"context_id": own.context_id, "context": {"state": UNKNOWN_NUMBER}},
            ("context.state",),
        ),
        Bad(
            "stale etag",
            lambda own: {"context_id": own.context_id, "context": {"note": "x", "etag": "stale"}},
            code=grpc.StatusCode.ABORTED,
            reason="ETAG_MISMATCH",
        ),
        Bad(
            "ended by an update",
            lambda own: {"context_id": own.context_id, "context": {"state": 3}},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="CONTEXT_STATE_INVALID",
        ),
    ],
    "FinishContext": [
        missing("unknown", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, "state": 3}),
        Bad(
            "output with NaN", lambda own: {"context_id": own.context_id, "state": 3, "output": {"x": NAN}}, ("output",)
        ),
    ],
    "GetContext": [missing("unknown", "CONTEXT_NOT_FOUND", {"context_id": NOBODY})],
    "ListContexts": [
        *pages(),
    ],
    "SubmitFeedback": [
        missing("unknown", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, "rating": 5}),
    ],
    "CreatePost": [
        Bad("published before the year 1", post(publish_time=NO_TIME), ("publish_time",)),
        Bad("published in the year 1", post(publish_time=YEAR_1), ("publish_time",)),
        Bad("caption with a NUL", post(caption="a\0b"), ("caption",)),
        Bad("attributes with NaN", post(attributes={"x": NAN}), ("attributes",)),
        Bad("attributes beyond 256 KiB", post(attributes={"x": [1.0] * 30_000}), ("attributes",)),
        missing("unknown persona", "PERSONA_NOT_FOUND", post(persona_id=NOBODY)),
        missing("unknown context", "CONTEXT_NOT_FOUND", post(context_id=NOBODY)),
        Bad(
            "posted before",
            post(platform_post_id="the-same-everywhere"),
            code=grpc.StatusCode.ALREADY_EXISTS,
            reason="POST_ALREADY_EXISTS",
        ),
    ],
    "GetPost": [missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY})],
    "ListPosts": [
        *pages(),
        Bad("from no time", {"published_from": NO_TIME}, ("published_from",)),
        Bad("before no time", {"published_before": {"nanos": -1}}, ("published_before",)),
    ],
    "UpdatePost": [
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY, "post": {"category": "x"}}),
        Bad(
            "unknown mask path",
            lambda own: {"post_id": own.post_id, "post": {}, "update_mask": {"paths": ["metrics"]}},
            ("update_mask",),
        ),
        Bad(
            "stale etag",
            lambda own: {"post_id": own.post_id, "post": {"category": "x", "etag": "stale"}},
            code=grpc.StatusCode.ABORTED,
            reason="ETAG_MISMATCH",
        ),
    ],
    "DeletePost": [
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY}),
    ],
    "RecordMetrics": [
        Bad(
            "more likes than impressions",
            metrics(likes=11, impressions=10),
            ("metrics.likes",),
            reason="METRICS_IMPOSSIBLE",
        ),
        Bad(
            "a country with a NUL",
            lambda own: {
                "post_id": own.post_id,
                "metrics": {"likes": 1},
                "demographics": {"countries": {"D\0": 9}},
            },
            ("demographics.countries",),
        ),
        Bad(
            "fetched before publication",
            lambda own: {"post_id": own.post_id, "metrics": {"likes": 1}, "fetch_time": YESTERDAY - timedelta(days=9)},
            ("fetch_time",),
        ),
        Bad(
            "fetched before the year 1",
            lambda own: {"post_id": own.post_id, "metrics": {"likes": 1}, "fetch_time": NO_TIME},
            ("fetch_time",),
        ),
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY, "metrics": {"likes": 1}}),
    ],
    "RecordInteractions": [
        Bad("tomorrow", interaction(interact_time=TOMORROW), ("interactions[0].interact_time",)),
        Bad("before the year 1", interaction(interact_time=NO_TIME), ("interactions[0].interact_time",)),
        Bad("after the year 9999", interaction(interact_time={"seconds": HUGE}), ("interactions[0].interact_time",)),
        Bad("text with a NUL", interaction(text="a\0b", kind=2), ("interactions[0].text",)),
        missing(
            "unknown",
            "POST_NOT_FOUND",
            {"post_id": NOBODY, "interactions": [{"kind": 1, "interact_time": YESTERDAY}]},
        ),
    ],
    "ListInteractions": [
        Bad(
            "token nobody gave out",
            lambda own: {"post_id": own.post_id, "page_token": "x"},
            ("page_token",),
            reason="PAGE_TOKEN_INVALID",
        ),
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY}),
    ],
    "AnalyzePost": [missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY})],
    "AnalyzeAudience": [
        missing("unknown", "PERSONA_NOT_FOUND", {"persona_id": NOBODY}),
        Bad("from no time", lambda own: {"persona_id": own.persona_id, "start_time": NO_TIME}, ("start_time",)),
        Bad(
            "ends before it begins",
            lambda own: {"persona_id": own.persona_id, "start_time": TOMORROW, "end_time": YESTERDAY},
            ("end_time",),
        ),
    ],
    "GetTimeline": [
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY}),
        Bad("from no time", lambda own: {"post_id": own.post_id, "start_time": NO_TIME}, ("start_time",)),
        Bad(
            "ends before it begins",
            lambda own: {"post_id": own.post_id, "start_time": TOMORROW, "end_time": YESTERDAY},
            ("end_time",),
        ),
        Bad(
            "more hours than are shown",
            lambda own: {"post_id": own.post_id, "start_time": {"seconds": 0}, "end_time": {"seconds": 2161 * 3600}},
            ("end_time",),
        ),
    ],
    "ConnectPlatform": [
        Bad("account with a NUL", connection(account="a\0b"), ("account",)),
        Bad("expires at no time", connection(expire_time={"seconds": HUGE}), ("expire_time",)),
        missing("unknown persona", "PERSONA_NOT_FOUND", connection(persona_id=NOBODY)),
    ],
    "DisconnectPlatform": [
        missing("unknown persona", "PERSONA_NOT_FOUND", {"persona_id": NOBODY, "platform": 1}),
        missing("not connected", "CONNECTION_NOT_FOUND", {"platform": 4}),
    ],
    "ListPlatforms": [
        *pages(),
    ],
    "UpdateEngagementSettings": [
        Bad("off for no reason", {"pii_filter": 2}, ("reason",)),
        Bad("off for a blank reason", {"pii_filter": 2, "reason": " \t\r\n"}, ("reason",)),
        Bad("stale etag", {"pii_filter": 1, "etag": "v99"}, (), grpc.StatusCode.ABORTED, "ETAG_MISMATCH"),
    ],
    "SyncPosts": [
        Bad("as of no time", {"as_of_time": NO_TIME}, ("as_of_time",)),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"persona_ids": [NOBODY]}),
    ],
    "WatchEngagement": [
        Bad("damaged cursor", {"cursor": "x"}, ("cursor",), reason="CURSOR_INVALID"),
    ],
    "ImportPosts": [
        Bad("empty batch", {}, ("rows",)),
        Bad("batch too large", {"rows": [{}] * 1001}, ("rows",)),
    ],
}

NARROWER: dict[str, Fields] = {
    "ListPersonas": {"niche": "x"},
    "ListContexts": {"phase": "X"},
    "ListPosts": {"platform": 2},
    "ListPlatforms": {"persona_id": NOBODY},
}
