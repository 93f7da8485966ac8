"""Interactions on the wire: recorded once, judged, masked, listed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2 import PlatformHandle
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import (
    INSTAGRAM,
    NOBODY,
    SPAM,
    ago,
    comment,
    like,
    make_persona,
    make_post,
    measure,
    record,
)
from tests.errors import refusal

BOT = engagement_pb2.VERDICT_BOT
GENUINE = engagement_pb2.VERDICT_GENUINE
PERSONA = engagement_pb2.VERDICT_PERSONA


@pytest.fixture
def post(engagement: EngagementServiceStub) -> engagement_pb2.Post:
    """A post that was published ten days ago."""
    return make_post(engagement, make_persona(engagement).id, publish_time=ago(days=10))


def listed(stub: EngagementServiceStub, post_id: str, **filters: Any) -> list[engagement_pb2.Interaction]:
    request = engagement_pb2.ListInteractionsRequest(post_id=post_id, **filters)
    return list(stub.ListInteractions(request).interactions)


def only(stub: EngagementServiceStub, post_id: str) -> engagement_pb2.Interaction:
    (found,) = listed(stub, post_id)
    return found


def test_each_interaction_gets_a_verdict_with_its_reasons(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    answer = record(
        engagement, post.id, [comment("anna", "lovely colours", ago(hours=2)), comment("spammer", SPAM, ago(hours=1))]
    )
    assert (answer.recorded_count, answer.duplicate_count) == (2, 0)
    assert (answer.genuine_count, answer.bot_count, answer.persona_count) == (1, 1, 0)
    assert [touched.id for touched in answer.posts] == [post.id]
    spam, praise = listed(engagement, post.id)
    assert (spam.actor_handle, spam.verdict) == ("spammer", BOT)
    assert spam.inauthentic_probability > 0.5
    assert "PROFILE_LINK" in [reason.code for reason in spam.reasons]
    assert all(reason.detail for reason in spam.reasons)
    assert (praise.actor_handle, praise.verdict) == ("anna", GENUINE)
    assert praise.inauthentic_probability < 0.5
    assert not praise.reasons
    assert list(praise.layers) == ["persona", "time", "text"]


def test_a_persona_of_any_workspace_is_no_person(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    handle = f"Luna.{uuid4().hex}"
    make_persona(stranger, handles=[PlatformHandle(platform=INSTAGRAM, handle=handle)])
    answer = record(engagement, post.id, [comment(f"@{handle.lower()}", "what a lovely evening", ago(hours=2))])
    assert answer.persona_count == 1
    assert only(engagement, post.id).verdict == PERSONA


def test_a_handle_counts_on_its_own_platform_only(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    handle = f"luna{uuid4().hex}"
    make_persona(stranger, handles=[PlatformHandle(platform=2, handle=handle)])  # type: ignore[arg-type]
    record(engagement, post.id, [comment(handle, "what a lovely evening", ago(hours=2))])
    assert only(engagement, post.id).verdict == GENUINE


def test_an_interaction_is_counted_once_by_its_id(engagement: EngagementServiceStub, post: engagement_pb2.Post) -> None:
    first = comment("anna", "lovely", ago(hours=2), "c-1")
    edited = comment("anna", "lovely!", ago(hours=2), "c-1")
    record(engagement, post.id, [first])
    answer = record(engagement, post.id, [edited, comment("anna", "lovely", ago(hours=2), "c-2")])
    assert (answer.recorded_count, answer.duplicate_count) == (1, 1)
    assert answer.genuine_count == 1


def test_without_an_id_the_same_kind_actor_text_and_time_are_the_same(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    time = ago(hours=2)
    batch = [comment("anna", "lovely", time), comment("anna", "lovely", time), like("anna", time)]
    assert record(engagement, post.id, batch).recorded_count == 2
    again = record(engagement, post.id, batch, [comment("anna", "lovely!", time)])
    assert (again.recorded_count, again.duplicate_count) == (1, 3)


def test_the_same_ids_under_another_post_are_others(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    other = make_post(engagement, post.persona_id)
    batch = [comment("anna", "lovely", ago(hours=2), "c-1")]
    assert record(engagement, post.id, batch).recorded_count == 1
    assert record(engagement, other.id, batch).recorded_count == 1


def test_what_is_personal_in_a_text_is_masked_before_it_is_stored(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    text = "My name is Anna Bell, write to anna.bell@example.com or call +49 170 1234567"
    record(engagement, post.id, [comment("anna", text, ago(hours=2))])
    stored = only(engagement, post.id).text
    assert "example.com" not in stored
    assert "1234567" not in stored
    assert "Bell" not in stored
    assert "write to" in stored


def test_a_text_is_judged_before_it_is_masked_and_stays_so(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    record(engagement, post.id, [comment("seller", "hot deals, call +49 170 1234567 now", ago(hours=2))])
    before = only(engagement, post.id)
    record(engagement, post.id, [comment("anna", "lovely", ago(hours=1))])
    _, after = listed(engagement, post.id)
    assert "PHONE_NUMBER" in [reason.code for reason in before.reasons]
    assert after == before


def test_a_later_interaction_gives_an_earlier_one_away(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    text = "I never thought that a single little bottle could change my skin so completely within one week"
    record(engagement, post.id, [comment("first", text, ago(hours=9))])
    assert only(engagement, post.id).verdict == GENUINE
    measure(engagement, post.id, comments=8, reach=1000)
    others = [comment(f"other{number}", text, ago(hours=number)) for number in range(1, 8)]
    assert record(engagement, post.id, others).bot_count == 7
    assert {found.verdict for found in listed(engagement, post.id)} == {BOT}
    figures = engagement.GetPost(engagement_pb2.GetPostRequest(post_id=post.id)).post.engagement
    assert (figures.comments, figures.bots_filtered) == (0, 8)


def test_the_same_text_under_several_posts_is_remembered(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    text = "I never thought that a single little bottle could change my skin so completely within one week"
    for number in range(4):
        other = make_post(engagement, post.persona_id)
        record(engagement, other.id, [comment("promoter", text, ago(hours=number + 1))])
    answer = record(engagement, post.id, [comment("promoter", text, ago(hours=8))])
    assert answer.bot_count == 1
    assert "REPEATED_TEXT" in [reason.code for reason in only(engagement, post.id).reasons]


@pytest.mark.parametrize("time", [ago(days=-1), ago(days=11)])
def test_an_interaction_in_the_future_or_before_publication_is_named(
    engagement: EngagementServiceStub, post: engagement_pb2.Post, time: datetime
) -> None:
    with refusal() as refused:
        record(engagement, post.id, [comment("anna", "lovely", ago(hours=2)), comment("bob", "lovely", time)])
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("interactions[1].interact_time",)
    assert not listed(engagement, post.id)


def test_a_batch_that_was_taken_in_stays_when_a_later_one_is_refused(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    good, bad = [comment("anna", "lovely", ago(hours=2))], [comment("bob", "lovely", ago(days=-1))]
    with refusal():
        record(engagement, post.id, good, bad)
    assert only(engagement, post.id).actor_handle == "anna"
    assert record(engagement, post.id, good).duplicate_count == 1


@pytest.mark.parametrize(
    ("field", "interaction"),
    [
        ("interactions[0].kind", engagement_pb2.Interaction(actor_handle="a", interact_time=ago(hours=1))),
        ("interactions[0].interact_time", engagement_pb2.Interaction(kind=1, actor_handle="a")),  # type: ignore[arg-type]
        ("interactions[0].text", comment("a", "x" * 20_001, ago(hours=1))),
    ],
)
def test_a_field_that_cannot_be_is_named(
    engagement: EngagementServiceStub,
    post: engagement_pb2.Post,
    field: str,
    interaction: engagement_pb2.Interaction,
) -> None:
    with refusal() as refused:
        record(engagement, post.id, [interaction])
    assert refused.fields == (field,)


def test_an_empty_batch_is_refused_and_an_empty_stream_is_not(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    with refusal() as refused:
        record(engagement, post.id, [])
    assert refused.fields == ("interactions",)
    assert record(engagement, post.id).recorded_count == 0


def test_interactions_of_a_post_that_is_not_there_are_refused(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        record(engagement, NOBODY, [comment("anna", "lovely", ago(hours=2))])
    assert refused.reason == "POST_NOT_FOUND"
    with refusal() as refused:
        listed(engagement, NOBODY)
    assert refused.reason == "POST_NOT_FOUND"


def test_lists_come_newest_first_in_pages_and_narrowed(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    batch = [like(f"user{hours}", ago(hours=hours)) for hours in (3, 1, 5, 2, 4)]
    record(engagement, post.id, [*batch, comment("spammer", SPAM, ago(hours=6))])
    request = engagement_pb2.ListInteractionsRequest(post_id=post.id, page_size=2)
    seen = []
    while True:
        page = engagement.ListInteractions(request)
        seen += [found.actor_handle for found in page.interactions]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == ["user1", "user2", "user3", "user4", "user5", "spammer"]
    assert [found.actor_handle for found in listed(engagement, post.id, verdict=BOT)] == ["spammer"]
    likes = listed(engagement, post.id, kind=engagement_pb2.INTERACTION_KIND_LIKE)
    assert {found.kind for found in likes} == {engagement_pb2.INTERACTION_KIND_LIKE}
    assert len(likes) == 5


def test_ten_thousand_at_once_are_one_batch(engagement: EngagementServiceStub, post: engagement_pb2.Post) -> None:
    start = ago(days=9)
    batch = [like(f"user{number}", start) for number in range(10_000)]
    answer = record(engagement, post.id, batch)
    assert answer.recorded_count == 10_000
    assert answer.genuine_count + answer.bot_count == 10_000
    with refusal() as refused:
        record(engagement, post.id, [*batch, like("one too many", start)])
    assert refused.fields == ("interactions",)
