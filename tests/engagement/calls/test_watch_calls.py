"""WatchEngagement on the wire: what changes, as it changes, without a gap or a repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import grpc
import pytest

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import (
    SPAM,
    ago,
    comment,
    import_rows,
    imported,
    make_context,
    make_persona,
    make_post,
    measure,
    record,
)
from tests.errors import refusal


@contextmanager
def watching(
    stub: EngagementServiceStub, cursor: str, *, bookmarks: bool = False, **filters: Any
) -> Iterator[Iterator[engagement_pb2.WatchEngagementResponse]]:
    """Yields the responses of a stream after a cursor, with or without bookmarks."""
    stream = stub.WatchEngagement(engagement_pb2.WatchEngagementRequest(cursor=cursor, **filters), timeout=60)
    try:
        yield (told for told in stream if bookmarks or told.WhichOneof("change"))
    finally:
        stream.cancel()


def beginning(stub: EngagementServiceStub) -> str:
    """A cursor of now: the bookmark that a stream begins with."""
    with watching(stub, "", bookmarks=True) as stream:
        return next(stream).cursor


def test_changes_come_in_order(engagement: EngagementServiceStub, persona_id: str) -> None:
    start = beginning(engagement)
    context = make_context(engagement, persona_id=persona_id)
    post = make_post(engagement, persona_id, context_id=context.id, publish_time=ago(days=2))
    measure(engagement, post.id, likes=50, reach=1000)
    record(engagement, post.id, [comment("anna", "lovely", ago(hours=2))])
    engagement.DeletePost(engagement_pb2.DeletePostRequest(post_id=post.id))
    kinds = []
    with watching(engagement, start) as stream:
        for change in stream:
            kinds.append(change.WhichOneof("change"))
            assert change.cursor
            assert change.HasField("event_time")
            if change.deleted_post_id == post.id:
                break
    assert kinds[0] == "context"
    assert "interactions_judged" in kinds
    assert kinds[-1] == "deleted_post_id"


def test_a_change_shows_the_thing_as_it_is(engagement: EngagementServiceStub, persona_id: str) -> None:
    start = beginning(engagement)
    post = make_post(engagement, persona_id)
    measured = measure(engagement, post.id, likes=50, reach=1000).post
    with watching(engagement, start, post_ids=[post.id]) as stream:
        assert [change.post for change in islice(stream, 2)] == [measured, measured]


def test_a_waiting_watcher_receives_changes(engagement: EngagementServiceStub, persona_id: str) -> None:
    start = beginning(engagement)
    with watching(engagement, start) as stream:
        for number in range(3):
            post = make_post(engagement, persona_id, platform_post_id=f"live-{number}")
            assert next(stream).post == post


def test_verdicts_are_reported_with_their_counts(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    start = beginning(engagement)
    record(engagement, post.id, [comment("anna", "lovely", ago(hours=2)), comment("bot", SPAM, ago(hours=1))])
    with watching(engagement, start, post_ids=[post.id]) as stream:
        told = next(change for change in stream if change.HasField("interactions_judged")).interactions_judged
    assert told == engagement_pb2.InteractionsJudged(post_id=post.id, genuine_count=1, bot_count=1, persona_count=0)


def test_a_watcher_goes_on_after_its_cursor_without_a_gap_or_a_repeat(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    cursor = beginning(engagement)
    made = [make_post(engagement, persona_id).id for _ in range(9)]
    seen = []
    while len(seen) < 9:
        with watching(engagement, cursor) as stream:
            for change in islice(stream, 2 if len(seen) < 8 else 1):
                seen.append(change.post.id)
                cursor = change.cursor
    assert seen == made


def test_filters_leave_out_what_is_not_asked_for(engagement: EngagementServiceStub, persona_id: str) -> None:
    start = beginning(engagement)
    other = make_persona(engagement, "Other").id
    make_context(engagement, persona_id=persona_id)
    context = make_context(engagement, persona_id=other)
    make_post(engagement, persona_id)
    hers = make_post(engagement, other)
    with watching(engagement, start, persona_ids=[other]) as stream:
        first, second = islice(stream, 2)
    assert (first.context.id, second.post.id) == (context.id, hers.id)


def test_a_post_is_followed_with_the_context_that_its_metrics_change(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    context = make_context(engagement, persona_id=persona_id)
    post = make_post(engagement, persona_id, context_id=context.id)
    start = beginning(engagement)
    make_context(engagement, persona_id=persona_id)
    measure(engagement, post.id, likes=50, reach=1000)
    with watching(engagement, start, post_ids=[post.id]) as stream:
        told = {change.WhichOneof("change"): change for change in islice(stream, 2)}
    assert told["context"].context.id == context.id
    assert told["post"].post.id == post.id


def test_imported_posts_are_streamed(engagement: EngagementServiceStub, persona_id: str) -> None:
    start = beginning(engagement)
    import_rows(engagement, [imported(line) for line in range(300)])
    with watching(engagement, start) as stream:
        ids = [change.post.platform_post_id for change in islice(stream, 300)]
    assert ids == [f"fb-{line}" for line in range(300)]


def test_nothing_of_another_workspace_is_reported(
    engagement: EngagementServiceStub, stranger: EngagementServiceStub, persona_id: str
) -> None:
    start = beginning(engagement)
    make_post(stranger, make_persona(stranger).id)
    ours = make_post(engagement, persona_id)
    with watching(engagement, start) as stream:
        assert next(stream).post == ours


@pytest.mark.parametrize("cursor", ["made-up", "x" * 201])
def test_a_cursor_that_is_none_is_refused(engagement: EngagementServiceStub, cursor: str) -> None:
    with refusal() as refused, watching(engagement, cursor) as stream:
        next(stream)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.fields == ("cursor",)


def test_an_id_that_is_none_is_named(engagement: EngagementServiceStub) -> None:
    with refusal() as refused, watching(engagement, "", post_ids=["luna"]) as stream:
        next(stream)
    assert refused.fields == ("post_ids[0]",)
