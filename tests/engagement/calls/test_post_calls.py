"""Posts on the wire: recorded, read, listed, changed, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import (
    FACEBOOK,
    INSTAGRAM,
    NOBODY,
    ago,
    comment,
    make_context,
    make_persona,
    make_post,
    measure,
    record,
)
from tests.errors import refusal


def get(stub: EngagementServiceStub, id: str) -> engagement_pb2.Post:
    return stub.GetPost(engagement_pb2.GetPostRequest(post_id=id)).post


def update(stub: EngagementServiceStub, id: str, *paths: str, **fields: Any) -> engagement_pb2.Post:
    request = engagement_pb2.UpdatePostRequest(post_id=id, post=engagement_pb2.Post(**fields))
    request.update_mask.paths.extend(paths)
    return stub.UpdatePost(request).post


def delete(stub: EngagementServiceStub, id: str) -> None:
    stub.DeletePost(engagement_pb2.DeletePostRequest(post_id=id))


def listed(stub: EngagementServiceStub, **filters: Any) -> list[str]:
    return [post.id for post in stub.ListPosts(engagement_pb2.ListPostsRequest(**filters)).posts]


def test_a_post_reads_back_as_it_was_recorded(engagement: EngagementServiceStub, persona_id: str) -> None:
    context = make_context(engagement)
    published = ago(hours=5)
    made = make_post(
        engagement,
        persona_id,
        context_id=context.id,
        platform_post_id="ig-1",
        content_type=engagement_pb2.CONTENT_TYPE_STORY,
        category="product",
        content_id="content-7",
        caption="The evening #Sunset",
        hashtags=["#Beach", "sea"],
        mentions=["@Friend"],
        media_type=common_pb2.MEDIA_TYPE_CAROUSEL,
        publish_time=published,
        permalink="https://example.org/p/1",
        attributes={"paid": False},
    )
    assert (made.context_id, made.persona_id, made.platform_post_id) == (context.id, persona_id, "ig-1")
    assert made.content_type == engagement_pb2.CONTENT_TYPE_STORY
    assert (made.category, made.content_id, made.permalink) == ("product", "content-7", "https://example.org/p/1")
    assert made.publish_time.ToDatetime(tzinfo=published.tzinfo) == published
    assert made.attributes["paid"] is False
    assert (list(made.hashtags), list(made.mentions)) == (["beach", "sea"], ["friend"])
    assert not made.HasField("metrics")
    assert not made.HasField("engagement")
    assert get(engagement, made.id) == made


def test_hashtags_and_mentions_are_read_from_the_caption_when_none_are_given(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    made = make_post(engagement, persona_id, caption="With @Bob at the #Sea, #sea and #Sunset")
    assert list(made.hashtags) == ["sea", "sunset"]
    assert list(made.mentions) == ["bob"]


def test_a_post_is_published_now_by_default(engagement: EngagementServiceStub, persona_id: str) -> None:
    request = engagement_pb2.CreatePostRequest(persona_id=persona_id, platform=INSTAGRAM, platform_post_id="1")
    made = engagement.CreatePost(request).post
    assert made.publish_time == made.create_time
    assert made.content_type == engagement_pb2.CONTENT_TYPE_SOCIAL_POST


def test_the_second_post_of_a_platform_id_is_refused_with_the_id_of_the_first(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    first = make_post(engagement, persona_id, platform_post_id="1")
    with refusal() as refused:
        make_post(engagement, persona_id, platform_post_id="1")
    assert refused.code is grpc.StatusCode.ALREADY_EXISTS
    assert refused.reason == "POST_ALREADY_EXISTS"
    assert refused.metadata["id"] == first.id
    assert refused.resource == first.id


def test_platform_ids_are_the_platforms_own(engagement: EngagementServiceStub, persona_id: str) -> None:
    make_post(engagement, persona_id, platform_post_id="1")
    make_post(engagement, persona_id, platform_post_id="1", platform=FACEBOOK)


def test_two_workspaces_may_record_the_same_post(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, persona_id: str
) -> None:
    make_post(engagement, persona_id, platform_post_id="1")
    make_post(stranger, make_persona(stranger).id, platform_post_id="1")


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("hashtags[1]", {"hashtags": ["fine", "not fine"]}),
        ("mentions[0]", {"mentions": ["not fine"]}),
        ("platform", {"platform": 0}),
        ("platform", {"platform": 99}),
        ("platform_post_id", {"platform_post_id": ""}),
        ("publish_time", {"publish_time": ago(days=-1)}),
        ("caption", {"caption": "x" * 20_001}),
        ("caption", {"caption": "NUL \0"}),
        ("media_type", {"media_type": 99}),
    ],
)
def test_a_field_that_cannot_be_is_named(
    engagement: EngagementServiceStub, persona_id: str, field: str, fields: dict[str, Any]
) -> None:
    with refusal() as refused:
        make_post(engagement, persona_id, **fields)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == (field,)


def test_a_post_needs_its_persona_and_its_context(engagement: EngagementServiceStub, persona_id: str) -> None:
    with refusal() as refused:
        make_post(engagement, NOBODY)
    assert refused.reason == "PERSONA_NOT_FOUND"
    with refusal() as refused:
        make_post(engagement, persona_id, context_id=NOBODY)
    assert refused.reason == "CONTEXT_NOT_FOUND"


def test_lists_come_by_publication_newest_first_in_pages(engagement: EngagementServiceStub, persona_id: str) -> None:
    by_age = {days: make_post(engagement, persona_id, publish_time=ago(days=days)).id for days in (3, 1, 5, 2, 4)}
    request = engagement_pb2.ListPostsRequest(page_size=2)
    seen = []
    while True:
        page = engagement.ListPosts(request)
        seen += [post.id for post in page.posts]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert seen == [by_age[days] for days in (1, 2, 3, 4, 5)]


def test_a_list_is_narrowed(engagement: EngagementServiceStub, persona_id: str) -> None:
    other = make_persona(engagement, "Other").id
    context = make_context(engagement).id
    plain = make_post(engagement, persona_id, publish_time=ago(days=4)).id
    hers = make_post(engagement, other).id
    of_context = make_post(engagement, persona_id, context_id=context).id
    elsewhere = make_post(engagement, persona_id, platform=FACEBOOK).id
    tagged = make_post(engagement, persona_id, caption="#Sunset", category="art").id
    assert listed(engagement, persona_id=other) == [hers]
    assert listed(engagement, context_id=context) == [of_context]
    assert listed(engagement, platform=FACEBOOK) == [elsewhere]
    assert listed(engagement, category="art") == [tagged]
    assert listed(engagement, hashtag="#SUNSET") == [tagged]
    assert listed(engagement, hashtag="sun") == []
    assert listed(engagement, published_before=ago(days=3)) == [plain]
    assert plain not in listed(engagement, published_from=ago(days=3))


def test_the_context_of_another_persona_is_refused(engagement: EngagementServiceStub, persona_id: str) -> None:
    other = make_persona(engagement, "Other").id
    theirs, own, anybodys = (make_context(engagement, persona_id=id) for id in (other, persona_id, ""))
    with refusal() as refused:
        make_post(engagement, persona_id, context_id=theirs.id)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("context_id",)
    for context in (own, anybodys):
        assert make_post(engagement, persona_id, context_id=context.id).context_id == context.id


def test_a_page_token_of_another_list_is_refused(engagement: EngagementServiceStub, persona_id: str) -> None:
    for _ in range(2):
        make_post(engagement, persona_id)
    token = engagement.ListPosts(engagement_pb2.ListPostsRequest(page_size=1)).next_page_token
    with refusal() as refused:
        listed(engagement, page_size=1, page_token=token, platform=INSTAGRAM)
    assert refused.reason == "PAGE_TOKEN_INVALID"


def test_an_update_changes_what_its_mask_names_and_nothing_else(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    made = make_post(engagement, persona_id, caption="#old", category="art", attributes={"paid": True})
    changed = update(engagement, made.id, "hashtags", "attributes", hashtags=["#New"], category="ignored")
    assert list(changed.hashtags) == ["new"]
    assert changed.category == "art"
    assert not changed.HasField("attributes")
    assert changed.etag != made.etag
    assert get(engagement, made.id) == changed
    assert listed(engagement, hashtag="new") == [made.id]
    assert listed(engagement, hashtag="old") == []


def test_an_update_without_a_mask_changes_all_that_is_set(engagement: EngagementServiceStub, persona_id: str) -> None:
    made = make_post(engagement, persona_id, category="art")
    changed = update(engagement, made.id, caption="new words", media_type=common_pb2.MEDIA_TYPE_VIDEO)
    assert (changed.caption, changed.category) == ("new words", "art")
    assert changed.media_type == common_pb2.MEDIA_TYPE_VIDEO


@pytest.mark.parametrize("path", ["platform", "publish_time", "metrics", "engagement", "captions"])
def test_a_field_that_cannot_be_changed_is_named(engagement: EngagementServiceStub, persona_id: str, path: str) -> None:
    made = make_post(engagement, persona_id)
    with refusal() as refused:
        update(engagement, made.id, path)
    assert refused.fields == ("update_mask",)
    assert path in refused.message


def test_an_update_of_an_outdated_version_is_refused(engagement: EngagementServiceStub, persona_id: str) -> None:
    made = make_post(engagement, persona_id)
    update(engagement, made.id, category="faster", etag=made.etag)
    with refusal() as refused:
        update(engagement, made.id, category="slower", etag=made.etag)
    assert refused.code is grpc.StatusCode.ABORTED
    assert refused.reason == "ETAG_MISMATCH"


def test_a_deleted_post_is_gone_with_all_that_was_known_of_it(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    context = make_context(engagement)
    made = make_post(engagement, persona_id, context_id=context.id, platform_post_id="1", caption="#gone")
    measure(engagement, made.id, likes=5, reach=100)
    record(engagement, made.id, [comment("bob", "lovely", ago(days=1))])
    delete(engagement, made.id)
    for call in (get, delete):
        with refusal() as refused:
            call(engagement, made.id)
        assert refused.reason == "POST_NOT_FOUND"
    assert listed(engagement) == listed(engagement, hashtag="gone") == []
    left = engagement.GetContext(engagement_pb2.GetContextRequest(context_id=context.id)).context
    assert not left.HasField("social_metrics")
    again = make_post(engagement, persona_id, platform_post_id="1")
    assert not engagement.ListInteractions(engagement_pb2.ListInteractionsRequest(post_id=again.id)).interactions


def test_an_unknown_post_is_not_found(engagement: EngagementServiceStub) -> None:
    for call in (get, delete, lambda stub, id: update(stub, id, category="x")):
        with refusal() as refused:
            call(engagement, NOBODY)
        assert refused.code is grpc.StatusCode.NOT_FOUND
        assert refused.reason == "POST_NOT_FOUND"


def test_a_time_outside_the_calendar_is_named(engagement: EngagementServiceStub) -> None:
    request = engagement_pb2.ListPostsRequest()
    request.published_from.seconds = timedelta(days=10_000_000).days * 86_400
    with refusal() as refused:
        engagement.ListPosts(request)
    assert refused.fields == ("published_from",)
