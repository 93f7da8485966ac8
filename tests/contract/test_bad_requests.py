"""Every call on the wire with bad input: what is refused, for which reason, and which fields are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from groundswell.v1.errors_pb2 import ErrorReason
from tests.errors import refusal
from tests.running import RunningServer
from tests.wire import METHODS, call, request_of
from tests.workspaces import Workspace, furnish

Fields = Mapping[str, Any] | Callable[[Workspace], Mapping[str, Any]]

NAN, INFINITY, HUGE = float("nan"), float("inf"), 2**63 - 1
TOMORROW = datetime.now(UTC) + timedelta(days=1)
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
NO_TIME = {"seconds": -(10**15)}
"""A timestamp that is none: long before the year 1."""
YEAR_1, YEAR_9999 = {"seconds": -62135596800}, {"seconds": 253402300799}
"""Times at the ends of the calendar, which cannot be told in all time zones."""
UNKNOWN_NUMBER = 99
"""Of an enumeration."""
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
"""An id that nothing has."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A request that has to be refused."""

    why: str
    fields: Fields
    """What it consists of."""
    at_fault: tuple[str, ...] = ()
    """Fields that the refusal names."""
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT
    reason: str = "VALIDATION_FAILED"


def missing(why: str, reason: str, fields: Fields) -> Bad:
    """Names something that is not there."""
    return Bad(why, fields, (), grpc.StatusCode.NOT_FOUND, reason)


def malformed_id(field: str, **others: Any) -> Bad:
    """An id that is none."""
    return Bad(f"malformed {field}", {field: "not-a-uuid", **others}, (field,))


def pages(**others: Any) -> list[Bad]:
    """What every list refuses."""
    return [
        Bad("negative page size", {"page_size": -1, **others}, ("page_size",)),
        Bad("huge page", {"page_size": 2**31 - 1, **others}, ("page_size",)),
        Bad("token nobody gave out", {"page_token": "x", **others}, ("page_token",), reason="PAGE_TOKEN_INVALID"),
        Bad("token that is too long", {"page_token": "x" * 1001, **others}, ("page_token",)),
    ]


def repeatable(fields: Fields) -> Bad:
    """What every call with a request_id refuses."""

    def with_long_id(workspace: Workspace) -> Mapping[str, Any]:
        known = fields(workspace) if callable(fields) else fields
        return {**known, "request_id": "x" * 129}

    return Bad("request id that is too long", with_long_id, ("request_id",))


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


def content(**others: Any) -> list[Bad]:
    """What every call about content refuses."""
    return [
        Bad("neither context nor draft", {**others}),
        malformed_id("context_id", **others),
        missing("unknown context", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, **others}),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"draft": {"persona_id": NOBODY}, **others}),
        Bad("malformed persona", {"draft": {"persona_id": "x"}, **others}, ("draft.persona_id",)),
        Bad("unknown platform", {"draft": {"platform": UNKNOWN_NUMBER}, **others}, ("draft.platform",)),
        Bad("negative media type", {"draft": {"media_type": -1}, **others}, ("draft.media_type",)),
        Bad("caption too long", {"draft": {"caption": "x" * 20001}, **others}, ("draft.caption",)),
        Bad("hashtag with a space", {"draft": {"hashtags": ["ok", "no good"]}, **others}, ("draft.hashtags[1]",)),
        Bad("too many hashtags", {"draft": {"hashtags": ["a"] * 101}, **others}, ("draft.hashtags",)),
        Bad("time before the year 1", {"draft": {"publish_time": NO_TIME}, **others}, ("draft.publish_time",)),
        Bad("first time there is", {"draft": {"publish_time": YEAR_1}, **others}, ("draft.publish_time",)),
        Bad("last time there is", {"draft": {"publish_time": YEAR_9999}, **others}, ("draft.publish_time",)),
    ]


BAD: dict[str, list[Bad]] = {
    "CreatePersona": [
        Bad("without a name", {}, ("name",)),
        Bad("name too long", persona(name="n" * 201), ("name",)),
        Bad("name with a NUL", persona(name="a\0b"), ("name",)),
        Bad("unknown time zone", persona(time_zone="Europe/Atlantis"), ("time_zone",)),
        Bad("time zone out of the file system", persona(time_zone="../../etc/passwd"), ("time_zone",)),
        Bad(
            "handle with a space on no platform",
            persona(handles=[{"handle": "no spaces"}]),
            ("handles[0].platform", "handles[0].handle"),
        ),
        Bad(
            "negative followers",
            persona(handles=[{"platform": 1, "handle": "a", "follower_count": -1}]),
            ("handles[0].follower_count",),
        ),
        Bad("too many handles", persona(handles=[{"platform": 1, "handle": "a"}] * 51), ("handles",)),
        repeatable(persona()),
    ],
    "GetPersona": [
        malformed_id("persona_id"),
        Bad("without an id", {}, ("persona_id",)),
        missing("unknown", "PERSONA_NOT_FOUND", {"persona_id": NOBODY}),
    ],
    "ListPersonas": [*pages(), Bad("niche too long", {"niche": "n" * 101}, ("niche",))],
    "UpdatePersona": [
        malformed_id("persona_id", persona={"niche": "x"}),
        Bad("without values", {"persona_id": NOBODY}, ("persona",)),
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
        repeatable(lambda own: {"persona_id": own.persona_id, "persona": {"niche": "x"}}),
    ],
    "DeletePersona": [
        malformed_id("persona_id"),
        missing("unknown", "PERSONA_NOT_FOUND", {"persona_id": NOBODY}),
        repeatable({"persona_id": NOBODY}),
    ],
    "StartContext": [
        Bad("without a phase", {}, ("phase",)),
        Bad("phase in lower case", {"phase": "text"}, ("phase",)),
        malformed_id("persona_id", phase="TEXT"),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"phase": "TEXT", "persona_id": NOBODY}),
        Bad("begins at its end", {"phase": "TEXT", "state": 3}, ("state",)),
        Bad("unknown complexity", {"phase": "TEXT", "complexity": UNKNOWN_NUMBER}, ("complexity",)),
        Bad("input with NaN", {"phase": "TEXT", "input": {"seed": NAN}}, ("input",)),
        Bad("input with infinity", {"phase": "TEXT", "input": {"a": {"b": [INFINITY]}}}, ("input",)),
        Bad("input with a NUL", {"phase": "TEXT", "input": {"prompt": "a\0b"}}, ("input",)),
        Bad("strategy with a NUL in a key", {"phase": "TEXT", "strategy": {"a\0b": 1}}, ("strategy",)),
        Bad("note too long", {"phase": "TEXT", "note": "n" * 2001}, ("note",)),
        repeatable({"phase": "TEXT"}),
    ],
    "UpdateContext": [
        malformed_id("context_id", context={"note": "x"}),
        Bad("without values", {"context_id": NOBODY}, ("context",)),
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
        repeatable({"context_id": NOBODY, "context": {"note": "x"}}),
    ],
    "FinishContext": [
        malformed_id("context_id", state=3),
        Bad("without a state", {"context_id": NOBODY}, ("state",)),
        Bad("ends as READY", {"context_id": NOBODY, "state": 1}, ("state",)),
        missing("unknown", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, "state": 3}),
        Bad(
            "trace without a type",
            {"context_id": NOBODY, "state": 4, "trace_artifacts": [{"message": "x"}]},
            ("trace_artifacts[0].type",),
        ),
        Bad(
            "output with NaN", lambda own: {"context_id": own.context_id, "state": 3, "output": {"x": NAN}}, ("output",)
        ),
        repeatable({"context_id": NOBODY, "state": 3}),
    ],
    "GetContext": [malformed_id("context_id"), missing("unknown", "CONTEXT_NOT_FOUND", {"context_id": NOBODY})],
    "ListContexts": [
        *pages(),
        malformed_id("persona_id"),
        Bad("unknown state", {"state": UNKNOWN_NUMBER}, ("state",)),
    ],
    "SubmitFeedback": [
        malformed_id("context_id", rating=5),
        Bad("without a rating", {"context_id": NOBODY}, ("rating",)),
        Bad("unknown rating", {"context_id": NOBODY, "rating": UNKNOWN_NUMBER}, ("rating",)),
        missing("unknown", "CONTEXT_NOT_FOUND", {"context_id": NOBODY, "rating": 5}),
        repeatable({"context_id": NOBODY, "rating": 5}),
    ],
    "CreatePost": [
        Bad("empty", {}, ("persona_id", "platform", "platform_post_id")),
        Bad("published tomorrow", post(publish_time=TOMORROW), ("publish_time",)),
        Bad("published before the year 1", post(publish_time=NO_TIME), ("publish_time",)),
        Bad("published in the year 1", post(publish_time=YEAR_1), ("publish_time",)),
        Bad("hashtag with a space", post(hashtags=["no good"]), ("hashtags[0]",)),
        Bad("unknown platform", post(platform=UNKNOWN_NUMBER), ("platform",)),
        Bad("caption with a NUL", post(caption="a\0b"), ("caption",)),
        Bad("attributes with NaN", post(attributes={"x": NAN}), ("attributes",)),
        missing("unknown persona", "PERSONA_NOT_FOUND", post(persona_id=NOBODY)),
        missing("unknown context", "CONTEXT_NOT_FOUND", post(context_id=NOBODY)),
        Bad(
            "posted before",
            post(platform_post_id="the-same-everywhere"),
            code=grpc.StatusCode.ALREADY_EXISTS,
            reason="POST_ALREADY_EXISTS",
        ),
        repeatable(post()),
    ],
    "GetPost": [malformed_id("post_id"), missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY})],
    "ListPosts": [
        *pages(),
        malformed_id("persona_id"),
        malformed_id("context_id"),
        Bad("unknown platform", {"platform": UNKNOWN_NUMBER}, ("platform",)),
        Bad("from no time", {"published_from": NO_TIME}, ("published_from",)),
        Bad("before no time", {"published_before": {"nanos": -1}}, ("published_before",)),
    ],
    "UpdatePost": [
        malformed_id("post_id", post={"category": "x"}),
        Bad("without values", {"post_id": NOBODY}, ("post",)),
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY, "post": {"category": "x"}}),
        Bad(
            "unknown mask path",
            lambda own: {"post_id": own.post_id, "post": {}, "update_mask": {"paths": ["metrics"]}},
            ("update_mask",),
        ),
        Bad("hashtag with a space", {"post_id": NOBODY, "post": {"hashtags": ["a b"]}}, ("post.hashtags[0]",)),
        Bad(
            "stale etag",
            lambda own: {"post_id": own.post_id, "post": {"category": "x", "etag": "stale"}},
            code=grpc.StatusCode.ABORTED,
            reason="ETAG_MISMATCH",
        ),
        repeatable({"post_id": NOBODY, "post": {"category": "x"}}),
    ],
    "DeletePost": [
        malformed_id("post_id"),
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY}),
        repeatable({"post_id": NOBODY}),
    ],
    "RecordMetrics": [
        malformed_id("post_id", metrics={"likes": 1}),
        Bad("without counts", {"post_id": NOBODY}, ("metrics",)),
        Bad("negative count", metrics(likes=-1), ("metrics.likes",)),
        Bad(
            "more likes than impressions",
            metrics(likes=11, impressions=10),
            ("metrics.likes",),
            reason="METRICS_IMPOSSIBLE",
        ),
        Bad(
            "fetched tomorrow",
            lambda own: {"post_id": own.post_id, "metrics": {"likes": 1}, "fetch_time": TOMORROW},
            ("fetch_time",),
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
        repeatable({"post_id": NOBODY, "metrics": {"likes": 1}}),
    ],
    "RecordInteractions": [
        malformed_id("post_id", interactions=[{"kind": 1, "interact_time": YESTERDAY}]),
        Bad("empty batch", {"post_id": NOBODY}, ("interactions",)),
        Bad("without a kind", interaction(kind=0), ("interactions[0].kind",)),
        Bad("unknown kind", interaction(kind=UNKNOWN_NUMBER), ("interactions[0].kind",)),
        Bad("without a time", interaction(interact_time=None), ("interactions[0].interact_time",)),
        Bad("tomorrow", interaction(interact_time=TOMORROW), ("interactions[0].interact_time",)),
        Bad("before the year 1", interaction(interact_time=NO_TIME), ("interactions[0].interact_time",)),
        Bad("after the year 9999", interaction(interact_time={"seconds": HUGE}), ("interactions[0].interact_time",)),
        Bad("text with a NUL", interaction(text="a\0b", kind=2), ("interactions[0].text",)),
        Bad("text too long", interaction(text="x" * 20001, kind=2), ("interactions[0].text",)),
        missing(
            "unknown",
            "POST_NOT_FOUND",
            {"post_id": NOBODY, "interactions": [{"kind": 1, "interact_time": YESTERDAY}]},
        ),
    ],
    "ListInteractions": [
        malformed_id("post_id"),
        *pages(post_id=NOBODY)[:2],
        Bad(
            "token nobody gave out",
            lambda own: {"post_id": own.post_id, "page_token": "x"},
            ("page_token",),
            reason="PAGE_TOKEN_INVALID",
        ),
        Bad("unknown verdict", {"post_id": NOBODY, "verdict": UNKNOWN_NUMBER}, ("verdict",)),
        missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY}),
    ],
    "AnalyzePost": [malformed_id("post_id"), missing("unknown", "POST_NOT_FOUND", {"post_id": NOBODY})],
    "GetTimeline": [
        malformed_id("post_id"),
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
    "WatchEngagement": [
        Bad("damaged cursor", {"cursor": "x"}, ("cursor",), reason="CURSOR_INVALID"),
        Bad("cursor too long", {"cursor": "x" * 201}, ("cursor",)),
        Bad("malformed persona", {"persona_ids": ["x"]}, ("persona_ids[0]",)),
        Bad("too many posts", {"post_ids": [NOBODY] * 101}, ("post_ids",)),
    ],
    "ImportPosts": [
        Bad("empty batch", {}),
        Bad("batch too large", {"rows": [{}] * 1001}),
    ],
    "TrainModel": [
        Bad("without a type", {}, ("model_type",)),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("negative lookback", {"model_type": 1, "lookback_days": -1}, ("lookback_days",)),
        Bad("NaN threshold", {"model_type": 2, "success_threshold_pct": NAN}, ("success_threshold_pct",)),
        Bad("infinite threshold", {"model_type": 2, "success_threshold_pct": INFINITY}, ("success_threshold_pct",)),
        Bad("nothing to train on", {"model_type": 1, "test_share": 1.0}, ("test_share",)),
        Bad("negative seed", {"model_type": 1, "random_seed": -1}, ("random_seed",)),
        Bad("as of no time", {"model_type": 1, "as_of_time": NO_TIME}, ("as_of_time",)),
        malformed_id("persona_id", model_type=1),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"model_type": 1, "persona_id": NOBODY}),
        repeatable({"model_type": 1}),
    ],
    "ListModels": [
        *pages(),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("unknown stage", {"stage": UNKNOWN_NUMBER}, ("stage",)),
    ],
    "GetModel": [malformed_id("model_id"), missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY})],
    "PromoteModel": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        repeatable({"model_id": NOBODY}),
    ],
    "RollBackModel": [
        Bad("without a type", {}, ("model_type",)),
        malformed_id("model_id", model_type=1),
        missing("unknown", "MODEL_NOT_FOUND", {"model_type": 1, "model_id": NOBODY}),
        Bad(
            "nothing to go back to",
            {"model_type": 2},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="NO_EARLIER_MODEL",
        ),
        repeatable({"model_type": 1}),
    ],
    "DeleteModel": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        repeatable({"model_id": NOBODY}),
    ],
    "GetFeatureImportance": [
        malformed_id("model_id"),
        missing("unknown", "MODEL_NOT_FOUND", {"model_id": NOBODY}),
        Bad("unknown type", {"model_type": UNKNOWN_NUMBER}, ("model_type",)),
        Bad("no live model", {"model_type": 2}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "PredictEngagement": [
        *content(),
        Bad("level of NaN", {"draft": {}, "level": NAN}, ("level",)),
        Bad("certain level", {"draft": {}, "level": 1.0}, ("level",)),
        Bad("no live model", {"draft": {}}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "PredictSuccess": [
        *content(),
        Bad("no live model", {"draft": {}}, code=grpc.StatusCode.FAILED_PRECONDITION, reason="MODEL_NOT_LIVE"),
    ],
    "ScoreContent": content(),
    "BatchScoreContent": [
        Bad("empty", {}, ("requests",)),
        Bad("too many", {"requests": [{"draft": {}}] * 2001}, ("requests",)),
        Bad("one of them empty", {"requests": [{"draft": {}}, {}]}, ("requests[1]",)),
        Bad(
            "one of them bad",
            {"requests": [{"draft": {}}, {"draft": {"hashtags": ["a b"]}}]},
            ("requests[1].draft.hashtags[0]",),
        ),
        missing("one of them unknown", "CONTEXT_NOT_FOUND", {"requests": [{"draft": {}}, {"context_id": NOBODY}]}),
    ],
    "OptimizeContent": [
        *content(),
        Bad("target of NaN", {"draft": {}, "target_score": NAN}, ("target_score",)),
        Bad("target above 100", {"draft": {}, "target_score": 101}, ("target_score",)),
        Bad("negative number", {"draft": {}, "max_recommendations": -1}, ("max_recommendations",)),
    ],
    "PredictTiming": [
        Bad("without a platform", {}, ("platform",)),
        malformed_id("persona_id", platform=1),
        missing("unknown persona", "PERSONA_NOT_FOUND", {"platform": 1, "persona_id": NOBODY}),
        Bad("negative lookback", {"platform": 1, "lookback_days": -1}, ("lookback_days",)),
        Bad("more slots than a week has", {"platform": 1, "top_k": 169}, ("top_k",)),
        Bad("as of no time", {"platform": 1, "as_of_time": NO_TIME}, ("as_of_time",)),
        Bad(
            "nothing to learn from",
            {"platform": 5},
            code=grpc.StatusCode.FAILED_PRECONDITION,
            reason="INSUFFICIENT_SAMPLES",
        ),
        Bad("as of the year 1", {"platform": 1, "as_of_time": YEAR_1}, ("as_of_time",)),
        Bad("as of the year 9999", {"platform": 1, "as_of_time": YEAR_9999}, ("as_of_time",)),
    ],
    "ListOperations": [
        Bad("negative page size", {"page_size": -1}, ("page_size",), reason="PAGE_SIZE_INVALID"),
        Bad("token nobody gave out", {"page_token": "x"}, ("page_token",), reason="PAGE_TOKEN_INVALID"),
        Bad("of another collection", {"name": "models"}, ("name",)),
        Bad("filter that makes no sense", {"filter": "done maybe"}, ("filter",)),
    ],
    **{
        name: [
            Bad("malformed name", {"name": "operations/x"}, ("name",)),
            Bad("without a name", {}, ("name",)),
            Bad("name with a NUL", {"name": f"operations/{NOBODY}\0"}, ("name",)),
            missing("unknown", "OPERATION_NOT_FOUND", {"name": f"operations/{NOBODY}"}),
        ]
        for name in ("GetOperation", "DeleteOperation", "CancelOperation", "WaitOperation")
    },
}
BAD["DeleteOperation"].append(
    Bad(
        "not done yet",
        lambda own: {"name": own.operation},
        code=grpc.StatusCode.FAILED_PRECONDITION,
        reason="OPERATION_RUNNING",
    )
)
BAD["WaitOperation"].append(
    Bad("negative time", lambda own: {"name": own.operation, "timeout": {"seconds": -1}}, ("timeout",))
)
REPEATABLE = [name for name, method in METHODS.items() if "request_id" in method.input_type.fields_by_name]
CASES = [pytest.param(name, bad, id=f"{name}: {bad.why}") for name, cases in BAD.items() for bad in cases]


@pytest.fixture(scope="module")
def own(shared_server: RunningServer) -> Workspace:
    return furnish(shared_server, "bad-requests")


def test_every_call_is_given_bad_input() -> None:
    assert BAD.keys() == METHODS.keys()


@pytest.mark.parametrize(("name", "bad"), CASES)
def test_it_is_refused(own: Workspace, name: str, bad: Bad) -> None:
    fields = bad.fields(own) if callable(bad.fields) else bad.fields
    with refusal() as refused:
        call(own.channel, name, request_of(name, **fields))
    assert (refused.code, refused.reason) == (bad.code, bad.reason), refused.message
    assert set(bad.at_fault) <= set(refused.fields), refused.message
    assert f"ERROR_REASON_{refused.reason}" in ErrorReason.keys()
    assert refused.message
    assert refused.request_id


@pytest.mark.parametrize("name", METHODS)
def test_bytes_that_are_no_message_are_refused(own: Workspace, name: str) -> None:
    with refusal() as refused:
        call(own.channel, name, b"\x0a\xff\xff\xff\xff\x0f")
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED")


@pytest.mark.parametrize("name", REPEATABLE)
def test_a_request_id_of_another_call_is_refused(own: Workspace, name: str) -> None:
    used = str(uuid4())
    call(own.channel, "StartContext", request_of("StartContext", phase="FIRST", request_id=used))
    fields: dict[str, Any] = {
        "CreatePersona": {"name": "Ava"},
        "UpdatePersona": {"persona_id": own.persona_id, "persona": {"niche": "x"}},
        "DeletePersona": {"persona_id": own.persona_id},
        "StartContext": {"phase": "SECOND"},
        "UpdateContext": {"context_id": own.context_id, "context": {"note": "x"}},
        "FinishContext": {"context_id": own.context_id, "state": 3},
        "SubmitFeedback": {"context_id": own.context_id, "rating": 5},
        "CreatePost": {"persona_id": own.persona_id, "platform": 1, "platform_post_id": "another"},
        "UpdatePost": {"post_id": own.post_id, "post": {"category": "x"}},
        "DeletePost": {"post_id": own.post_id},
        "RecordMetrics": {"post_id": own.post_id, "metrics": {"likes": 1}},
        "TrainModel": {"model_type": 1},
        "PromoteModel": {"model_id": own.model_id},
        "RollBackModel": {"model_type": 1},
        "DeleteModel": {"model_id": own.model_id},
    }[name]
    with refusal() as refused:
        call(own.channel, name, request_of(name, **fields, request_id=used))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


@pytest.mark.parametrize("name", ["ListPersonas", "ListContexts", "ListPosts", "ListModels"])
def test_a_page_token_of_another_query_is_refused(own: Workspace, shared_server: RunningServer, name: str) -> None:
    from tests.tenancy.test_every_call import two_of_each

    two_of_each(own, shared_server)
    token = call(own.channel, name, request_of(name, page_size=1))[0].next_page_token
    narrower = {
        "ListPersonas": {"niche": "x"},
        "ListContexts": {"phase": "X"},
        "ListPosts": {"platform": 2},
        "ListModels": {"model_type": 2},
    }
    with refusal() as refused:
        call(own.channel, name, request_of(name, page_token=token, **narrower[name]))
    assert (refused.reason, refused.fields) == ("PAGE_TOKEN_INVALID", ("page_token",))


def test_an_import_names_each_bad_row_and_keeps_the_rest(own: Workspace) -> None:
    good = {"persona_name": "Ava", "platform": 1, "publish_time": YESTERDAY}
    rows = [
        {**good, "line": 1, "platform_post_id": "row-1"},
        {**good, "line": 2, "platform_post_id": "row-2", "publish_time": TOMORROW},
        {**good, "line": 3, "platform_post_id": "row-3", "metrics": {"likes": -1}},
        {**good, "line": 4, "platform_post_id": "row-4", "metrics": {"likes": 11, "impressions": 10}},
        {**good, "line": 5, "platform_post_id": "row-5", "platform": UNKNOWN_NUMBER},
        {**good, "line": 6, "platform_post_id": "row-6", "hashtags": ["a b"]},
        {**good, "line": 7, "platform_post_id": "row-7", "publish_time": NO_TIME},
        {**good, "line": 8, "platform_post_id": "row-8", "caption": "a\0b"},
        {**good, "line": 9, "platform_post_id": "row-9", "attributes": {"x": NAN}},
        {**good, "line": 10, "platform_post_id": "row-10", "fetch_time": TOMORROW, "metrics": {"likes": 1}},
        {**good, "line": 11, "platform_post_id": "row-11"},
        {},
    ]
    (answer,) = call(own.channel, "ImportPosts", request_of("ImportPosts", rows=rows))
    assert (answer.imported_count, answer.refused_count) == (2, 10)
    assert {row.line: row.field for row in answer.refused_rows} == {
        0: "persona_name",
        2: "publish_time",
        3: "metrics.likes",
        4: "metrics.likes",
        5: "platform",
        6: "hashtags[0]",
        7: "publish_time",
        8: "caption",
        9: "attributes",
        10: "fetch_time",
    }
