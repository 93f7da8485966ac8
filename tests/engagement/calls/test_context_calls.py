"""Contexts on the wire: opened, changed while they live, ended, rated."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import NOBODY, make_context, make_persona
from tests.errors import refusal

READY = engagement_pb2.CONTEXT_STATE_READY
PROCESSING = engagement_pb2.CONTEXT_STATE_PROCESSING
DONE = engagement_pb2.CONTEXT_STATE_DONE
FAILED = engagement_pb2.CONTEXT_STATE_FAILED
CANCELLED = engagement_pb2.CONTEXT_STATE_CANCELLED

APPROVED = (engagement_pb2.VALIDATION_APPROVED, engagement_pb2.CONFIDENCE_VALIDATED)
CONDITIONAL = (engagement_pb2.VALIDATION_CONDITIONALLY_APPROVED, engagement_pb2.CONFIDENCE_CONFIDENT)
REJECTED = (engagement_pb2.VALIDATION_REJECTED, engagement_pb2.CONFIDENCE_UNCERTAIN)


def get(stub: EngagementServiceStub, id: str) -> engagement_pb2.Context:
    return stub.GetContext(engagement_pb2.GetContextRequest(context_id=id)).context


def update(stub: EngagementServiceStub, id: str, *paths: str, **fields: Any) -> engagement_pb2.Context:
    request = engagement_pb2.UpdateContextRequest(context_id=id, context=engagement_pb2.Context(**fields))
    request.update_mask.paths.extend(paths)
    return stub.UpdateContext(request).context


def finish(stub: EngagementServiceStub, id: str, state: Any = DONE, **fields: Any) -> engagement_pb2.Context:
    return stub.FinishContext(engagement_pb2.FinishContextRequest(context_id=id, state=state, **fields)).context


def rate(stub: EngagementServiceStub, id: str, rating: Any, comment: str = "") -> engagement_pb2.Context:
    request = engagement_pb2.SubmitFeedbackRequest(context_id=id, rating=rating, comment=comment)
    return stub.SubmitFeedback(request).context


def listed(stub: EngagementServiceStub, **filters: Any) -> list[str]:
    return [context.id for context in stub.ListContexts(engagement_pb2.ListContextsRequest(**filters)).contexts]


def test_a_context_opens_under_way_with_documented_defaults(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement)
    assert made.phase == "IMAGE_GENERATION"
    assert made.state == PROCESSING
    assert made.complexity == common_pb2.COMPLEXITY_MEDIUM
    assert made.confidence == engagement_pb2.CONFIDENCE_HYPOTHESIS
    assert made.validation == engagement_pb2.VALIDATION_PENDING
    assert made.start_time == made.create_time
    assert not made.HasField("end_time")
    assert not made.HasField("social_metrics")
    assert get(engagement, made.id) == made


def test_what_goes_in_reads_back_as_it_was(engagement: EngagementServiceStub) -> None:
    given = {"prompt": "a sunset", "parameters": {"steps": 30, "scale": 7.5, "tags": ["warm", None, True]}}
    persona = make_persona(engagement)
    made = make_context(
        engagement,
        persona_id=persona.id,
        note="first try",
        complexity=common_pb2.COMPLEXITY_CRITICAL,
        confidence=engagement_pb2.CONFIDENCE_CONFIDENT,
        input=given,
        assigned_agent="painter",
        strategy={"style": "warm"},
    )
    assert made.persona_id == persona.id
    assert (made.note, made.assigned_agent) == ("first try", "painter")
    assert made.complexity == common_pb2.COMPLEXITY_CRITICAL
    assert made.confidence == engagement_pb2.CONFIDENCE_CONFIDENT
    assert made.input == engagement_pb2.Context(input=given).input
    assert get(engagement, made.id) == made


def test_a_planned_context_has_not_begun(engagement: EngagementServiceStub) -> None:
    planned = make_context(engagement, state=READY)
    assert planned.state == READY
    assert not planned.HasField("start_time")
    begun = update(engagement, planned.id, state=PROCESSING)
    assert begun.state == PROCESSING
    assert begun.HasField("start_time")


def test_a_context_opens_as_nothing_else(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        make_context(engagement, state=DONE)
    assert refused.fields == ("state",)


def test_a_phase_is_written_in_upper_snake_case(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        make_context(engagement, "image generation")
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("phase",)
    assert make_context(engagement, "MY_OWN_PHASE").phase == "MY_OWN_PHASE"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_have_is_named(engagement: EngagementServiceStub, number: float) -> None:
    with refusal() as refused:
        make_context(engagement, input={"scale": [number]})
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("input",)


def test_a_context_for_a_persona_that_is_not_there_is_not_opened(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        make_context(engagement, persona_id=NOBODY)
    assert refused.reason == "PERSONA_NOT_FOUND"


def test_an_update_changes_what_its_mask_names_and_nothing_else(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement, note="first", input={"prompt": "a sunset"}, assigned_agent="painter")
    changed = update(engagement, made.id, "note", "input", note="second", assigned_agent="ignored")
    assert (changed.note, changed.assigned_agent) == ("second", "painter")
    assert not changed.HasField("input")
    assert changed.etag != made.etag
    assert get(engagement, made.id) == changed


def test_an_update_without_a_mask_changes_all_that_is_set(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement, note="first", input={"prompt": "a sunset"})
    changed = update(engagement, made.id, output={"file": "1.png"}, complexity=common_pb2.COMPLEXITY_HIGH)
    assert changed.note == "first"
    assert changed.input == made.input
    assert changed.output["file"] == "1.png"
    assert changed.complexity == common_pb2.COMPLEXITY_HIGH


@pytest.mark.parametrize("path", ["rating", "pattern", "social_metrics", "phase", "notes"])
def test_a_field_that_cannot_be_changed_is_named(engagement: EngagementServiceStub, path: str) -> None:
    made = make_context(engagement)
    with refusal() as refused:
        update(engagement, made.id, path)
    assert refused.fields == ("update_mask",)
    assert path in refused.message


def test_a_word_that_the_mask_names_has_to_be_given(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement)
    with refusal() as refused:
        update(engagement, made.id, "confidence")
    assert refused.fields == ("context.confidence",)


def test_an_update_of_an_outdated_version_is_refused(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement)
    update(engagement, made.id, note="faster", etag=made.etag)
    with refusal() as refused:
        update(engagement, made.id, note="slower", etag=made.etag)
    assert refused.code is grpc.StatusCode.ABORTED
    assert refused.reason == "ETAG_MISMATCH"
    assert get(engagement, made.id).note == "faster"


@pytest.mark.parametrize("end", [DONE, FAILED, CANCELLED])
def test_an_update_does_not_end_a_context(engagement: EngagementServiceStub, end: Any) -> None:
    made = make_context(engagement)
    with refusal() as refused:
        update(engagement, made.id, state=end)
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.reason == "CONTEXT_STATE_INVALID"
    assert refused.metadata == {"state": "PROCESSING"}


def test_a_context_does_not_go_back(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement)
    with refusal() as refused:
        update(engagement, made.id, state=READY)
    assert refused.reason == "CONTEXT_STATE_INVALID"


def test_a_state_that_does_not_exist_is_named(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement)
    with refusal() as refused:
        update(engagement, made.id, state=99)
    assert refused.fields == ("context.state",)


def test_a_context_ends_well_with_its_output(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement)
    ended = finish(engagement, made.id, output={"file": "1.png"}, confidence=engagement_pb2.CONFIDENCE_CONFIDENT)
    assert ended.state == DONE
    assert ended.output["file"] == "1.png"
    assert ended.confidence == engagement_pb2.CONFIDENCE_CONFIDENT
    assert ended.end_time.ToNanoseconds() >= ended.start_time.ToNanoseconds()
    assert get(engagement, made.id) == ended


def test_an_end_keeps_what_it_does_not_name(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement, confidence=engagement_pb2.CONFIDENCE_CONFIDENT)
    update(engagement, made.id, output={"file": "1.png"})
    ended = finish(engagement, made.id)
    assert ended.output["file"] == "1.png"
    assert ended.confidence == engagement_pb2.CONFIDENCE_CONFIDENT


def test_a_failure_keeps_its_traces(engagement: EngagementServiceStub) -> None:
    traces = [engagement_pb2.TraceArtifact(type="TimeoutError", message="too slow", location="render.py:88")]
    ended = finish(engagement, make_context(engagement).id, FAILED, trace_artifacts=traces)
    assert ended.state == FAILED
    assert list(ended.trace_artifacts) == traces


@pytest.mark.parametrize("end", [DONE, FAILED, CANCELLED])
def test_a_context_ends_once(engagement: EngagementServiceStub, end: Any) -> None:
    made = make_context(engagement)
    finish(engagement, made.id, end)
    with refusal() as refused:
        finish(engagement, made.id, DONE)
    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert refused.reason == "CONTEXT_STATE_INVALID"
    assert refused.metadata["state"] == engagement_pb2.ContextState.Name(end).removeprefix("CONTEXT_STATE_")


@pytest.mark.parametrize("state", [0, READY, PROCESSING])
def test_a_context_ends_as_nothing_else(engagement: EngagementServiceStub, state: Any) -> None:
    made = make_context(engagement)
    with refusal() as refused:
        finish(engagement, made.id, state)
    assert refused.fields == ("state",)


def test_what_is_thought_of_a_context_can_change_after_its_end_and_nothing_else(
    engagement: EngagementServiceStub,
) -> None:
    made = make_context(engagement)
    finish(engagement, made.id)
    judged = update(engagement, made.id, validation=engagement_pb2.VALIDATION_APPROVED)
    assert judged.validation == engagement_pb2.VALIDATION_APPROVED
    with refusal() as refused:
        update(engagement, made.id, note="too late")
    assert refused.reason == "CONTEXT_STATE_INVALID"
    assert refused.metadata == {"state": "DONE"}


def test_an_ended_context_may_be_sent_back_as_it_is(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement, note="kept", input={"prompt": "a sunset"})
    ended = finish(engagement, made.id)
    request = engagement_pb2.UpdateContextRequest(context_id=made.id, context=ended)
    request.context.confidence = engagement_pb2.CONFIDENCE_VALIDATED
    changed = engagement.UpdateContext(request).context
    assert (changed.note, changed.confidence) == ("kept", engagement_pb2.CONFIDENCE_VALIDATED)


@pytest.mark.parametrize(
    ("rating", "outcome"),
    [
        (engagement_pb2.RATING_EXCELLENT, APPROVED),
        (engagement_pb2.RATING_GOOD, APPROVED),
        (engagement_pb2.RATING_ACCEPTABLE, CONDITIONAL),
        (engagement_pb2.RATING_POOR, REJECTED),
        (engagement_pb2.RATING_UNACCEPTABLE, REJECTED),
    ],
)
def test_a_rating_decides(engagement: EngagementServiceStub, rating: Any, outcome: tuple[int, int]) -> None:
    rated = rate(engagement, make_context(engagement).id, rating, "my eyes like it")
    assert rated.rating == rating
    assert (rated.validation, rated.confidence) == outcome
    assert get(engagement, rated.id) == rated


def test_a_high_rating_keeps_the_strategy_as_a_pattern(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement, strategy={"style": "warm"})
    assert rate(engagement, made.id, engagement_pb2.RATING_GOOD).pattern == "image_generation_highly_rated"
    assert rate(engagement, made.id, engagement_pb2.RATING_POOR).pattern == ""


def test_a_rating_is_one_of_five(engagement: EngagementServiceStub) -> None:
    made = make_context(engagement)
    for rating in (0, 6):
        with refusal() as refused:
            rate(engagement, made.id, rating)
        assert refused.fields == ("rating",)


def test_lists_come_newest_first_in_pages(engagement: EngagementServiceStub) -> None:
    made = [make_context(engagement).id for _ in range(5)]
    request = engagement_pb2.ListContextsRequest(page_size=2)
    seen = []
    while True:
        page = engagement.ListContexts(request)
        seen += [context.id for context in page.contexts]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == made[::-1]


def test_a_list_is_narrowed(engagement: EngagementServiceStub) -> None:
    persona = make_persona(engagement)
    hers = make_context(engagement, persona_id=persona.id).id
    video = make_context(engagement, "VIDEO_GENERATION").id
    rated = rate(engagement, make_context(engagement).id, engagement_pb2.RATING_GOOD).id
    ended = finish(engagement, make_context(engagement).id).id
    assert listed(engagement, persona_id=persona.id) == [hers]
    assert listed(engagement, phase="VIDEO_GENERATION") == [video]
    assert listed(engagement, validation=engagement_pb2.VALIDATION_APPROVED) == [rated]
    assert listed(engagement, state=DONE) == [ended]
    assert listed(engagement, persona_id=NOBODY) == []


def test_a_page_size_out_of_range_is_named(engagement: EngagementServiceStub) -> None:
    for page_size in (-1, 1001):
        with refusal() as refused:
            listed(engagement, page_size=page_size)
        assert refused.fields == ("page_size",)


def test_a_context_that_is_not_there_is_not_found(engagement: EngagementServiceStub) -> None:
    for call in (
        get,
        finish,
        lambda stub, id: update(stub, id, note="x"),
        lambda stub, id: rate(stub, id, engagement_pb2.RATING_GOOD),
    ):
        with refusal() as refused:
            call(engagement, NOBODY)
        assert refused.code is grpc.StatusCode.NOT_FOUND
        assert refused.reason == "CONTEXT_NOT_FOUND"
