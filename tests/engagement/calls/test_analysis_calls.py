"""AnalyzePost and GetTimeline on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import (
    NOBODY,
    SPAM,
    ago,
    comment,
    import_rows,
    imported,
    make_persona,
    make_post,
    measure,
    record,
)
from tests.errors import refusal
from tests.running import RunningServer


@pytest.fixture
def persona_id(engagement: EngagementServiceStub) -> str:
    return make_persona(engagement, time_zone="Europe/Berlin").id


def analyze(stub: EngagementServiceStub, post_id: str) -> engagement_pb2.AnalyzePostResponse:
    return stub.AnalyzePost(engagement_pb2.AnalyzePostRequest(post_id=post_id))


def post_age(post: engagement_pb2.Post, **age: float) -> datetime:
    """The time at which a post is so old."""
    return post.publish_time.ToDatetime(tzinfo=UTC) + timedelta(**age)


def timeline(
    stub: EngagementServiceStub, post_id: str, start: datetime | None = None, end: datetime | None = None
) -> list[engagement_pb2.TimelineHour]:
    request = engagement_pb2.GetTimelineRequest(post_id=post_id, start_time=start, end_time=end)
    return list(stub.GetTimeline(request).hours)


def on_the_hour(**back: float) -> datetime:
    """The last full hour before a time."""
    return ago(**back).replace(minute=0, second=0, microsecond=0)


class TestAnalyzePost:
    """Analyses of a post."""

    def test_a_post_without_metrics_has_no_figures(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id)
        answer = analyze(engagement, post.id)
        assert answer.post == post
        assert answer.total_engagement == 0
        assert not answer.HasField("genuine")
        assert not answer.HasField("average_rate_pct")

    def test_genuine_stands_beside_total_engagement(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id)
        record(engagement, post.id, [comment("anna", "lovely", ago(hours=3)), comment("bot", SPAM, ago(hours=9))])
        measure(engagement, post.id, likes=90, comments=10, reach=1000)
        answer = analyze(engagement, post.id)
        assert answer.total_engagement == 100
        assert answer.genuine.total == 50
        assert answer.genuine.engagement_rate_pct == pytest.approx(5.0)
        assert answer.genuine.rate_base == engagement_pb2.RATE_BASE_REACH

    def test_bots_are_counted_by_reason(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id)
        record(engagement, post.id, [comment("anna", "lovely", ago(hours=3)), comment("bot", SPAM, ago(hours=9))])
        filtered = {(found.verdict, found.reason): found.count for found in analyze(engagement, post.id).filtered}
        assert filtered[engagement_pb2.VERDICT_BOT, "PROFILE_LINK"] == 1

    def test_the_average_is_that_of_the_posts_it_is_compared_with(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        for likes in (40, 60):
            earlier = make_post(engagement, persona_id, publish_time=ago(days=4))
            measure(engagement, earlier.id, ago(days=2), likes=likes, reach=1000)
        post = make_post(engagement, persona_id)
        measure(engagement, post.id, likes=60, reach=1000)
        answer = analyze(engagement, post.id)
        assert answer.compared_post_count == 2
        assert answer.average_rate_pct == pytest.approx(5.0)
        assert answer.genuine.vs_average_pct == pytest.approx(20.0)

    def test_elements_come_with_their_figures(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        evening = datetime(2026, 1, 10, 17, 30, tzinfo=UTC)
        for day in range(12):
            with_it = day % 2 == 0
            post = make_post(
                engagement,
                persona_id,
                caption="#sunset" if with_it else "#city",
                media_type=common_pb2.MEDIA_TYPE_VIDEO,
                publish_time=evening - timedelta(days=day),
            )
            likes = (80 if with_it else 20) + day
            measure(engagement, post.id, post_age(post, days=7), likes=likes, reach=1000)
        answer = analyze(engagement, post.id)
        elements = {(element.kind, element.value): element for element in answer.elements}
        sunset = elements["hashtag", "sunset"]
        assert sunset.sample_size == 6
        assert sunset.mean_rate_pct == pytest.approx(8.5)
        assert sunset.other_mean_rate_pct == pytest.approx(2.6)
        assert elements["format", "video"].sample_size == 12
        assert not elements["format", "video"].HasField("other_mean_rate_pct")
        assert ("hour", "18:00") in elements, "half past five UTC is half past six in Berlin"
        assert any("#sunset" in sentence and "8.50%" in sentence for sentence in answer.recommendations)

    def test_what_goes_with_the_rates_is_read_at_one_age(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        for number in range(15):
            old = number < 8
            post = make_post(
                engagement,
                persona_id,
                publish_time=ago(days=20, minutes=number) if old else ago(hours=2, minutes=number),
                hashtags=["old"] if old else ["young"],
            )
            measure(engagement, post.id, post_age(post, hours=1), likes=10, reach=1000)
            if old:
                measure(engagement, post.id, post_age(post, days=10), likes=50 + number, reach=1000)
        answer = analyze(engagement, post.id)
        assert answer.pending_post_count == 7
        elements = {(element.kind, element.value): element for element in answer.elements}
        assert elements["hashtag", "old"].sample_size == 8
        assert not elements["hashtag", "old"].HasField("other_mean_rate_pct"), "nothing to compare with"
        assert ("hashtag", "young") not in elements
        assert not any("#old" in sentence for sentence in answer.recommendations)
        assert any("8 other posts with a rate at 7 days" in sentence for sentence in answer.recommendations)

    def test_without_learning_the_hour_is_left_out(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id)
        assert not any("Best hour" in sentence for sentence in analyze(engagement, post.id).recommendations)

    def test_an_unknown_post_is_not_found(self, engagement: EngagementServiceStub) -> None:
        with refusal() as refused:
            analyze(engagement, NOBODY)
        assert refused.code is grpc.StatusCode.NOT_FOUND
        assert refused.reason == "POST_NOT_FOUND"


class TestGetTimeline:
    """The counts hour by hour."""

    def test_hours_hold_the_last_counts_and_the_growth(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        published = on_the_hour(days=2)
        post = make_post(engagement, persona_id, publish_time=published)
        for minutes, likes in ((10, 5), (50, 8), (3 * 60 + 20, 20)):
            measure(engagement, post.id, published + timedelta(minutes=minutes), likes=likes)
        first, second = timeline(engagement, post.id)
        assert first.start_time.ToDatetime(tzinfo=UTC) == published
        assert (first.metrics.likes, first.snapshot_count) == (8, 2)
        assert second.start_time.ToDatetime(tzinfo=UTC) == published + timedelta(hours=3)
        assert second.metrics.likes == 20
        assert second.growth.likes == 12
        assert second.growth.elapsed_hours == pytest.approx(2.5)
        assert not second.growth.HasField("reach")

    def test_a_range_narrows_it(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        published = on_the_hour(days=2)
        post = make_post(engagement, persona_id, publish_time=published)
        for hours in range(5):
            measure(engagement, post.id, published + timedelta(hours=hours, minutes=30), likes=hours)
        start, end = published + timedelta(hours=1), published + timedelta(hours=3)
        hours = timeline(engagement, post.id, start, end)
        assert [hour.metrics.likes for hour in hours] == [1, 2]
        assert hours[0].growth.likes == 1

    def test_a_post_without_snapshots_has_no_hours(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        assert timeline(engagement, make_post(engagement, persona_id).id) == []

    def test_a_range_that_cannot_be_is_named(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id)
        for start, end in (
            (ago(hours=1), ago(hours=2)),
            (ago(days=100), ago(days=1)),
            (None, ago(days=3)),
            (None, ago(days=-100)),
        ):
            with refusal() as refused:
                timeline(engagement, post.id, start, end)
            assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
            assert refused.fields == ("end_time",)

    def test_an_unknown_post_is_not_found(self, engagement: EngagementServiceStub) -> None:
        with refusal() as refused:
            timeline(engagement, NOBODY)
        assert refused.reason == "POST_NOT_FOUND"


def test_with_learning_the_best_hour_is_recommended_with_its_figures(server: RunningServer) -> None:
    stub = server.engagement()
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    rows = []
    for number in range(60):
        evening = number % 2 == 0
        published = noon - timedelta(days=10 + number // 2, hours=-6 if evening else 3)
        counts = engagement_pb2.Metrics(likes=(80 if evening else 20) + number % 5, reach=1000)
        rows.append(imported(number, publish_time=published, metrics=counts, fetch_time=published + timedelta(days=7)))
    import_rows(stub, rows)
    post = stub.ListPosts(engagement_pb2.ListPostsRequest(page_size=1)).posts[0]
    (sentence,) = [told for told in analyze(stub, post.id).recommendations if told.startswith("Best hour")]
    assert "18:00 UTC" in sentence
    assert "30 posts" in sentence
