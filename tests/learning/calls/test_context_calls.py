"""Predictions and scores of stored contexts on the wire, and content that is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.drafts import (
    EVENING,
    INSTAGRAM,
    NOBODY,
    a_context,
    luna,
    persona,
    score,
)
from tests.learning.calls.studio import Studio
from tests.patience import eventually


def test_a_context_is_scored_by_what_its_input_says(studio: Studio) -> None:
    told = {
        "caption": "What do you think of the morning light?",
        "hashtags": ["light", "morning", "serum"],
        "platform": "Instagram",
        "media_type": "video",
        "category": "product",
    }
    context_id = a_context(studio, persona_id=luna(studio), input=told)
    publish = pb.ContentDraft(publish_time=world.stamp(EVENING))
    by_context = score(studio, context_id=context_id, draft=publish)
    assert by_context.engagement_rate_pct > 5.0


def test_what_the_draft_says_outranks_the_context(studio: Studio) -> None:
    told = {"platform": "INSTAGRAM", "media_type": "LINK"}
    context_id = a_context(studio, persona_id=luna(studio), input=told)
    film = pb.ContentDraft(publish_time=world.stamp(EVENING), media_type=common_pb2.MEDIA_TYPE_VIDEO)
    link = pb.ContentDraft(publish_time=world.stamp(EVENING))
    better, worse = (score(studio, context_id=context_id, draft=draft) for draft in (film, link))
    assert better.engagement_rate_pct > worse.engagement_rate_pct


def test_its_newest_post_outranks_its_input(empty: Studio) -> None:
    persona_id = persona(empty)
    context_id = a_context(empty, persona_id=persona_id, input={"caption": "Hi", "platform": "INSTAGRAM"})
    before = {one.rule: one.points for one in score(empty, context_id=context_id).points}
    empty.engagement.CreatePost(
        engagement_pb2.CreatePostRequest(
            persona_id=persona_id,
            context_id=context_id,
            platform=INSTAGRAM,
            platform_post_id="1",
            caption="A caption that is long enough to be counted as a good one. What do you think?",
            media_type=common_pb2.MEDIA_TYPE_IMAGE,
            publish_time=world.stamp(datetime(2026, 4, 20, tzinfo=UTC)),
        )
    )
    with_post = {"caption_length": 6.0, "media": 10.0, "call_to_action": 6.0}
    assert before["caption_length"] == -4.0

    def as_posted() -> bool:
        now = {one.rule: one.points for one in score(empty, context_id=context_id).points}
        return with_post.items() <= now.items()

    eventually(as_posted, within_seconds=20)


def test_a_change_of_the_context_is_noticed(empty: Studio) -> None:
    context_id = a_context(empty, input={"media_type": "TEXT"})
    assert {one.rule: one.points for one in score(empty, context_id=context_id).points}["media"] == -6.0
    context = engagement_pb2.Context()
    context.input.update({"media_type": "IMAGE"})
    empty.engagement.UpdateContext(engagement_pb2.UpdateContextRequest(context_id=context_id, context=context))
    eventually(lambda: {one.rule: one.points for one in score(empty, context_id=context_id).points}["media"] == 10.0)


@pytest.mark.parametrize("whose", ["nobody's", "a stranger's"])
@pytest.mark.parametrize("call", ["PredictEngagement", "PredictSuccess", "ScoreContent", "OptimizeContent"])
def test_an_unknown_context_or_persona_is_not_found(studio: Studio, empty: Studio, whose: str, call: str) -> None:
    context_id = a_context(studio) if whose == "a stranger's" else NOBODY
    persona_id = luna(studio) if whose == "a stranger's" else NOBODY
    request = getattr(pb, f"{call}Request")
    for fields, reason in (
        ({"context_id": context_id}, "CONTEXT_NOT_FOUND"),
        ({"draft": pb.ContentDraft(persona_id=persona_id)}, "PERSONA_NOT_FOUND"),
    ):
        with refusal() as refused:
            getattr(empty.learning, call)(request(**fields))
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, reason)


def test_a_deleted_persona_is_not_found(empty: Studio) -> None:
    draft = pb.ContentDraft(persona_id=persona(empty))
    score(empty, draft=draft)
    empty.engagement.DeletePersona(engagement_pb2.DeletePersonaRequest(persona_id=draft.persona_id))

    def refused() -> bool:
        try:
            score(empty, draft=draft)
        except grpc.RpcError as error:
            return error.code() is grpc.StatusCode.NOT_FOUND
        return False

    eventually(refused, within_seconds=20)


@pytest.mark.parametrize("call", ["PredictEngagement", "PredictSuccess", "ScoreContent", "OptimizeContent"])
def test_bad_content_is_refused_by_field(empty: Studio, call: str) -> None:
    request = getattr(pb, f"{call}Request")
    for fields, wrong in (
        ({}, ()),
        ({"context_id": "nobody"}, ("context_id",)),
        ({"draft": pb.ContentDraft(persona_id="nobody")}, ("draft.persona_id",)),
        ({"draft": pb.ContentDraft(hashtags=["two words"])}, ("draft.hashtags[0]",)),
        ({"draft": {"platform": 9}}, ("draft.platform",)),
        ({"draft": {"publish_time": {"seconds": 1 << 60}}}, ("draft.publish_time",)),
    ):
        with refusal() as refused:
            getattr(empty.learning, call)(request(**fields))
        assert refused.code == grpc.StatusCode.INVALID_ARGUMENT
        assert refused.fields[: len(wrong)] == wrong
