"""ImportPosts on the wire: rows one by one, batches durable one by one, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import FACEBOOK, ago, import_rows, imported, make_persona
from tests.errors import refusal


def posts(stub: EngagementServiceStub) -> list[engagement_pb2.Post]:
    return list(stub.ListPosts(engagement_pb2.ListPostsRequest(page_size=1000)).posts)


def personas(stub: EngagementServiceStub) -> list[engagement_pb2.Persona]:
    return list(stub.ListPersonas(engagement_pb2.ListPersonasRequest()).personas)


def test_rows_become_posts_with_their_figures(engagement: EngagementServiceStub) -> None:
    row = imported(
        2,
        category="product",
        caption="Look #new",
        media_type=common_pb2.MEDIA_TYPE_VIDEO,
        content_type=engagement_pb2.CONTENT_TYPE_VIDEO,
        attributes={"paid": True},
        metrics=engagement_pb2.Metrics(likes=40, comments=5, shares=5, reach=1000),
        fetch_time=ago(days=1),
        time_zone="Europe/Lisbon",
    )
    report = import_rows(engagement, [row])
    assert (report.imported_count, report.duplicate_count, report.refused_count) == (1, 0, 0)
    (persona,) = report.created_personas
    assert (persona.name, persona.time_zone) == ("Cosmetics", "Europe/Lisbon")
    (post,) = posts(engagement)
    assert (post.persona_id, post.platform, post.platform_post_id) == (persona.id, FACEBOOK, "fb-2")
    assert (post.category, list(post.hashtags), post.media_type) == ("product", ["new"], row.media_type)
    assert post.publish_time == row.publish_time
    assert post.fetch_time == row.fetch_time
    assert post.attributes["paid"] is True
    assert post.engagement.engagement_rate_pct == pytest.approx(5.0)
    assert post.context_id == ""


def test_a_second_run_adds_nothing(engagement: EngagementServiceStub) -> None:
    rows = [imported(line, metrics=engagement_pb2.Metrics(likes=line, reach=1000)) for line in range(1, 51)]
    assert import_rows(engagement, rows[:20], rows[20:]).imported_count == 50
    before = posts(engagement)
    changed = [imported(line, category="other") for line in range(1, 51)]
    again = import_rows(engagement, changed)
    assert (again.imported_count, again.duplicate_count) == (0, 50)
    assert not again.created_personas
    assert posts(engagement) == before


def test_a_row_twice_in_one_batch_is_there_once(engagement: EngagementServiceStub) -> None:
    report = import_rows(engagement, [imported(1), imported(1)])
    assert (report.imported_count, report.duplicate_count) == (1, 1)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("persona_name", {"persona_name": ""}),
        ("platform", {"platform": 0}),
        ("platform_post_id", {"platform_post_id": ""}),
        ("hashtags[0]", {"hashtags": ["not fine"]}),
        ("publish_time", {"publish_time": ago(days=-1)}),
        ("publish_time", {"publish_time": None}),
        ("metrics.likes", {"metrics": engagement_pb2.Metrics(likes=-1)}),
        ("metrics.likes", {"metrics": engagement_pb2.Metrics(likes=2, impressions=1)}),
        ("fetch_time", {"metrics": engagement_pb2.Metrics(likes=2), "fetch_time": ago(days=500)}),
        ("time_zone", {"persona_name": "New", "time_zone": "Mars/Olympus"}),
        ("attributes", {"attributes": {"weight": float("nan")}}),
        ("caption", {"caption": "NUL \0"}),
    ],
)
def test_a_row_that_cannot_be_is_named_by_its_line_and_the_rest_is_kept(
    engagement: EngagementServiceStub, field: str, fields: dict[str, Any]
) -> None:
    report = import_rows(engagement, [imported(2), imported(3, **fields), imported(4)])
    assert (report.imported_count, report.refused_count) == (2, 1)
    (refused,) = report.refused_rows
    assert (refused.line, refused.field) == (3, field)
    assert refused.reason
    assert [persona.name for persona in personas(engagement)] == ["Cosmetics"]


def test_the_first_thousand_refused_rows_are_named_and_all_are_counted(engagement: EngagementServiceStub) -> None:
    bad = [imported(line, platform=0) for line in range(1, 1202)]
    report = import_rows(engagement, bad[:700], bad[700:])
    assert report.refused_count == 1201
    assert [row.line for row in report.refused_rows] == list(range(1, 1001))


def test_rows_of_a_name_belong_to_the_persona_that_has_it(engagement: EngagementServiceStub) -> None:
    known = make_persona(engagement, "Luna", time_zone="Asia/Tokyo")
    report = import_rows(engagement, [imported(1, persona_name="Luna"), imported(2, persona_name="Sol")])
    assert [persona.name for persona in report.created_personas] == ["Sol"]
    assert {post.persona_id for post in posts(engagement)} == {known.id, report.created_personas[0].id}


def test_a_deleted_persona_accepts_no_posts(engagement: EngagementServiceStub) -> None:
    (first,) = import_rows(engagement, [imported(1)]).created_personas
    engagement.DeletePersona(engagement_pb2.DeletePersonaRequest(persona_id=first.id))
    (second,) = import_rows(engagement, [imported(2)]).created_personas
    assert second.id != first.id


def test_what_is_known_of_the_generation_becomes_a_context_that_metrics_judge(
    engagement: EngagementServiceStub,
) -> None:
    row = imported(
        1,
        context_input={"prompt": "a lipstick"},
        complexity=common_pb2.COMPLEXITY_HIGH,
        metrics=engagement_pb2.Metrics(likes=60, reach=1000),
    )
    import_rows(engagement, [row])
    (post,) = posts(engagement)
    context = engagement.GetContext(engagement_pb2.GetContextRequest(context_id=post.context_id)).context
    assert context.phase == "SOCIAL_MEDIA_CONTENT"
    assert context.state == engagement_pb2.CONTEXT_STATE_DONE
    assert context.complexity == common_pb2.COMPLEXITY_HIGH
    assert context.input["prompt"] == "a lipstick"
    assert context.validation == engagement_pb2.VALIDATION_APPROVED
    assert context.pattern == "facebook_high_engagement"


def test_posts_are_compared_whatever_order_they_come_in(engagement: EngagementServiceStub) -> None:
    def row(line: int, days: float, likes: int) -> engagement_pb2.ImportedPost:
        counts = engagement_pb2.Metrics(likes=likes, reach=1000)
        return imported(line, publish_time=ago(days=days), metrics=counts, fetch_time=ago(days=days - 1))

    import_rows(engagement, [row(1, 10, 60)], [row(2, 12, 40), row(3, 11, 60)])
    against = {post.platform_post_id: post.engagement.vs_average_pct for post in posts(engagement)}
    assert against["fb-1"] == pytest.approx(20.0)
    assert against["fb-3"] == pytest.approx(50.0)


def test_a_batch_has_a_row_and_at_most_a_thousand(engagement: EngagementServiceStub) -> None:
    for rows in ([], [imported(line) for line in range(1001)]):
        with refusal() as refused:
            import_rows(engagement, rows)
        assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
        assert refused.reason == "VALIDATION_FAILED"


def test_a_batch_that_was_taken_in_stays_when_the_stream_breaks(engagement: EngagementServiceStub) -> None:
    def breaking() -> Iterator[engagement_pb2.ImportPostsRequest]:
        yield engagement_pb2.ImportPostsRequest(rows=[imported(1)])
        yield engagement_pb2.ImportPostsRequest()

    with refusal():
        engagement.ImportPosts(breaking())
    assert [post.platform_post_id for post in posts(engagement)] == ["fb-1"]


def test_workspaces_import_apart(engagement: EngagementServiceStub, stranger: EngagementServiceStub) -> None:
    assert import_rows(stranger, [imported(1)]).imported_count == 1
    assert import_rows(engagement, [imported(1)]).imported_count == 1
