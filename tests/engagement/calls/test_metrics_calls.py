"""RecordMetrics: snapshots, genuine engagement, and the outcome of the post's context."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import (
    FACEBOOK,
    INSTAGRAM,
    NOBODY,
    SPAM,
    TIKTOK,
    ago,
    comment,
    make_context,
    make_persona,
    make_post,
    measure,
    record,
)
from tests.errors import refusal


@pytest.fixture
def persona_id(engagement: EngagementServiceStub) -> str:
    return make_persona(engagement, time_zone="Europe/Berlin").id


def context_of(stub: EngagementServiceStub, id: str) -> engagement_pb2.Context:
    return stub.GetContext(engagement_pb2.GetContextRequest(context_id=id)).context


def post_of(stub: EngagementServiceStub, id: str) -> engagement_pb2.Post:
    return stub.GetPost(engagement_pb2.GetPostRequest(post_id=id)).post


def measured_post(
    stub: EngagementServiceStub, persona_id: str, publish_time: datetime, fetch_time: datetime | None, **counts: int
) -> engagement_pb2.Post:
    made = make_post(stub, persona_id, publish_time=publish_time)
    return measure(stub, made.id, fetch_time, **counts).post


def test_metrics_become_the_posts_figures(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    fetched = ago(hours=1)
    measured = measure(
        engagement, post.id, fetched, likes=30, comments=10, shares=5, saves=5, clicks=7, impressions=2000, reach=1000
    )
    figures = measured.post
    assert (figures.metrics.likes, figures.metrics.clicks, figures.metrics.reach) == (30, 7, 1000)
    assert not figures.metrics.HasField("views")
    assert figures.fetch_time.ToDatetime(tzinfo=fetched.tzinfo) == fetched
    assert figures.engagement.total == 50
    assert figures.engagement.engagement_rate_pct == pytest.approx(5.0)
    assert figures.engagement.rate_base == engagement_pb2.RATE_BASE_REACH
    assert figures.engagement.genuine_ratio == 1.0
    assert not figures.engagement.estimated
    assert not measured.HasField("context")
    assert post_of(engagement, post.id) == figures


def test_what_is_unknown_stays_unknown(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    figures = measure(engagement, post.id, likes=30).post.engagement
    assert figures.likes == 30
    assert not figures.HasField("comments")
    assert not figures.HasField("engagement_rate_pct")
    assert figures.rate_base == engagement_pb2.RATE_BASE_UNSPECIFIED


def test_where_a_platform_reports_no_reach_the_base_is_named(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    post = make_post(engagement, persona_id, platform=TIKTOK)
    figures = measure(engagement, post.id, likes=30, views=1000).post.engagement
    assert figures.engagement_rate_pct == pytest.approx(3.0)
    assert figures.rate_base == engagement_pb2.RATE_BASE_VIEWS


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        (("metrics.likes",), {"likes": 101, "impressions": 100}),
        (("metrics.likes",), {"likes": 2**62}),
    ],
)
def test_counts_that_cannot_be_are_named(
    engagement: EngagementServiceStub, persona_id: str, fields: tuple[str, ...], counts: dict[str, int]
) -> None:
    post = make_post(engagement, persona_id)
    with refusal() as refused:
        measure(engagement, post.id, **counts)
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.reason == "METRICS_IMPOSSIBLE"
    assert refused.fields == fields
    assert not post_of(engagement, post.id).HasField("metrics")


def test_a_negative_count_and_no_count_are_named(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    with refusal() as refused:
        measure(engagement, post.id, likes=-1)
    assert refused.fields == ("metrics.likes",)
    with refusal() as refused:
        measure(engagement, post.id)
    assert refused.fields == ("metrics",)


def test_metrics_come_from_between_publication_and_now(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id, publish_time=ago(days=2))
    for fetched in (ago(days=-1), ago(days=3)):
        with refusal() as refused:
            measure(engagement, post.id, fetched, likes=1)
        assert refused.fields == ("fetch_time",)


def test_metrics_of_a_post_that_is_not_there_are_refused(engagement: EngagementServiceStub) -> None:
    with refusal() as refused:
        measure(engagement, NOBODY, likes=1)
    assert refused.code is grpc.StatusCode.NOT_FOUND
    assert refused.reason == "POST_NOT_FOUND"


def test_the_newest_fetch_shows_whatever_order_they_arrive_in(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    post = make_post(engagement, persona_id)
    measure(engagement, post.id, ago(hours=1), likes=20, reach=100)
    late = measure(engagement, post.id, ago(hours=5), likes=10, reach=100).post
    assert late.metrics.likes == 20
    assert late.engagement.engagement_rate_pct == pytest.approx(20.0)
    timeline = engagement.GetTimeline(engagement_pb2.GetTimelineRequest(post_id=post.id))
    assert [hour.metrics.likes for hour in timeline.hours] == [10, 20]


def test_a_repeated_call_keeps_one_snapshot(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    request = engagement_pb2.RecordMetricsRequest(
        post_id=post.id, metrics=engagement_pb2.Metrics(likes=3), request_id="once"
    )
    assert engagement.RecordMetrics(request) == engagement.RecordMetrics(request)
    timeline = engagement.GetTimeline(engagement_pb2.GetTimelineRequest(post_id=post.id))
    assert [hour.snapshot_count for hour in timeline.hours] == [1]


class TestContexts:
    """Outcomes of contexts by metrics."""

    @pytest.fixture
    def context(self, engagement: EngagementServiceStub, persona_id: str) -> engagement_pb2.Context:
        return make_context(
            engagement, persona_id=persona_id, input={"prompt": "a sunset", "parameters": {"steps": 30}}
        )

    @pytest.mark.parametrize(
        ("likes", "validation", "confidence", "pattern"),
        [
            (50, "APPROVED", "VALIDATED", "instagram_high_engagement"),
            (20, "CONDITIONALLY_APPROVED", "CONFIDENT", ""),
            (19, "REJECTED", "UNCERTAIN", ""),
        ],
    )
    def test_the_rate_decides(
        self,
        engagement: EngagementServiceStub,
        persona_id: str,
        context: engagement_pb2.Context,
        likes: int,
        validation: str,
        confidence: str,
        pattern: str,
    ) -> None:
        post = make_post(engagement, persona_id, context_id=context.id)
        told = measure(engagement, post.id, likes=likes, reach=1000).context
        assert engagement_pb2.Validation.Name(told.validation) == f"VALIDATION_{validation}"
        assert engagement_pb2.Confidence.Name(told.confidence) == f"CONFIDENCE_{confidence}"
        assert told.pattern == pattern
        assert told.social_metrics.engagement_rate_pct == pytest.approx(likes / 10)
        assert told.social_metrics.genuine_count == likes
        assert told.etag != context.etag
        assert context_of(engagement, context.id) == told

    def test_nothing_is_rejected_within_a_day(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        post = make_post(engagement, persona_id, context_id=context.id, publish_time=ago(hours=23))
        assert measure(engagement, post.id, likes=1, reach=1000).context.validation == context.validation

    def test_a_human_outranks_metrics(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        post = make_post(engagement, persona_id, context_id=context.id)
        engagement.SubmitFeedback(
            engagement_pb2.SubmitFeedbackRequest(context_id=context.id, rating=engagement_pb2.RATING_POOR)
        )
        told = measure(engagement, post.id, likes=90, reach=1000).context
        assert told.validation == engagement_pb2.VALIDATION_REJECTED
        assert told.pattern == ""
        assert told.social_metrics.engagement_rate_pct == pytest.approx(9.0)

    def test_a_pattern_goes_when_later_metrics_say_otherwise(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        post = make_post(engagement, persona_id, context_id=context.id)
        assert measure(engagement, post.id, ago(hours=2), likes=50, reach=1000).context.pattern
        assert not measure(engagement, post.id, ago(hours=1), likes=50, reach=9000).context.pattern

    def test_a_young_post_whose_rate_collapses_is_open_again(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        post = make_post(engagement, persona_id, context_id=context.id, publish_time=ago(hours=20))
        told = measure(engagement, post.id, ago(hours=19), likes=60, reach=1000).context
        assert told.validation == engagement_pb2.VALIDATION_APPROVED
        told = measure(engagement, post.id, ago(hours=1), likes=60, reach=10000).context
        assert (told.validation, told.confidence) == (
            engagement_pb2.VALIDATION_PENDING,
            engagement_pb2.CONFIDENCE_HYPOTHESIS,
        )
        assert told.pattern == ""

    def test_counts_without_a_base_decide_nothing_and_displace_nothing(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        post, other = (
            make_post(engagement, persona_id, context_id=context.id, publish_time=ago(hours=20)) for _ in "ab"
        )
        first = measure(engagement, other.id, ago(hours=19), likes=7).context
        assert not first.social_metrics.HasField("engagement_rate_pct")
        assert (first.social_metrics.genuine_count, first.validation) == (7, context.validation)
        approved = measure(engagement, post.id, ago(hours=18), likes=60, reach=1000).context
        assert approved.validation == engagement_pb2.VALIDATION_APPROVED
        assert measure(engagement, post.id, ago(hours=9), likes=70).context == approved
        assert measure(engagement, other.id, ago(hours=8), likes=8).context == approved
        told = measure(engagement, post.id, ago(hours=1), likes=70, reach=10000).context
        assert (told.validation, told.pattern) == (engagement_pb2.VALIDATION_PENDING, "")

    def test_a_young_post_takes_nothing_back_that_it_did_not_give(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        old = make_post(engagement, persona_id, context_id=context.id, publish_time=ago(days=9))
        measure(engagement, old.id, ago(days=1), likes=60, reach=1000)
        young = make_post(engagement, persona_id, context_id=context.id, publish_time=ago(hours=9))
        for hours in (3, 2, 1):
            told = measure(engagement, young.id, ago(hours=hours), likes=5, reach=1000).context
            assert told.validation == engagement_pb2.VALIDATION_APPROVED

    def test_a_human_s_approval_outlasts_a_young_post_s_collapse(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        post = make_post(engagement, persona_id, context_id=context.id, publish_time=ago(hours=20))
        measure(engagement, post.id, ago(hours=19), likes=60, reach=1000)
        engagement.SubmitFeedback(
            engagement_pb2.SubmitFeedbackRequest(context_id=context.id, rating=engagement_pb2.RATING_GOOD)
        )
        told = measure(engagement, post.id, ago(hours=1), likes=60, reach=10000).context
        assert told.validation == engagement_pb2.VALIDATION_APPROVED

    def test_the_post_that_was_measured_last_decides(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        first = make_post(engagement, persona_id, context_id=context.id)
        second = make_post(engagement, persona_id, context_id=context.id)
        measure(engagement, second.id, ago(hours=1), likes=50, reach=1000)
        told = measure(engagement, first.id, ago(hours=2), likes=1, reach=1000).context
        assert told.social_metrics.engagement_rate_pct == pytest.approx(5.0)
        assert told.validation == engagement_pb2.VALIDATION_APPROVED

    def test_metrics_that_bots_made_approve_of_nothing(
        self, engagement: EngagementServiceStub, persona_id: str, context: engagement_pb2.Context
    ) -> None:
        post = make_post(engagement, persona_id, context_id=context.id)
        measure(engagement, post.id, likes=90, comments=10, reach=1000)
        spam = [comment(f"bot{number}", f"{SPAM} {'x' * number}", ago(hours=number + 1)) for number in range(9)]
        record(engagement, post.id, [*spam, comment("anna", "where is this?", ago(hours=20))])
        told = context_of(engagement, context.id)
        assert told.validation != engagement_pb2.VALIDATION_APPROVED
        assert told.social_metrics.genuine_ratio < 0.7


class TestGenuine:
    """Removal of bots and personas."""

    def test_kinds_without_interactions_take_the_bot_share_of_those_with(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        post = make_post(engagement, persona_id)
        people = [comment(f"user{number}", f"lovely {number}", ago(hours=number + 1)) for number in range(3)]
        record(engagement, post.id, [*people, comment("bot", SPAM, ago(hours=9))])
        figures = measure(engagement, post.id, likes=100, comments=4, reach=1000).post.engagement
        assert (figures.likes, figures.comments) == (75, 3)
        assert figures.bots_filtered == 26
        assert figures.genuine_ratio == pytest.approx(0.75)
        assert not figures.estimated

    def test_without_interactions_the_trailing_share_is_applied_and_reported(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        earlier = make_post(engagement, persona_id, publish_time=ago(days=9))
        people = [comment(f"user{number}", f"lovely {number}", ago(hours=number + 1)) for number in range(3)]
        record(engagement, earlier.id, [*people, comment("bot", SPAM, ago(hours=9))])
        figures = measure(engagement, make_post(engagement, persona_id).id, likes=100, reach=1000).post.engagement
        assert figures.likes == 75
        assert figures.estimated

    def test_the_bot_share_is_of_bots_alone_on_this_post_as_on_earlier_ones(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        handle = f"luna{uuid4().hex}"
        make_persona(engagement, "Luna", handles=[engagement_pb2.PlatformHandle(platform=INSTAGRAM, handle=handle)])
        others = [comment("anna", "lovely", ago(hours=1)), comment(handle, "so nice", ago(hours=3))]
        both = [*others, comment("bot", SPAM, ago(hours=9)), comment("bo", "where is that?", ago(hours=14))]
        earlier = make_post(engagement, persona_id, publish_time=ago(days=9))
        record(engagement, earlier.id, both)
        estimated = measure(engagement, make_post(engagement, persona_id).id, likes=100, reach=1000).post.engagement
        known = make_post(engagement, persona_id)
        record(engagement, known.id, both)
        scaled = measure(engagement, known.id, likes=100, reach=1000).post.engagement
        for figures, is_estimated in ((estimated, True), (scaled, False)):
            assert (figures.likes, figures.bots_filtered, figures.personas_filtered) == (75, 25, 0)
            assert figures.estimated is is_estimated

    def test_the_share_is_of_the_same_platform_and_the_30_days_before(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        for fields in ({"publish_time": ago(days=40)}, {"platform": FACEBOOK}):
            other = make_post(engagement, persona_id, **fields)
            record(engagement, other.id, [comment("bot", SPAM, ago(hours=9))])
        figures = measure(engagement, make_post(engagement, persona_id).id, likes=100, reach=1000).post.engagement
        assert figures.likes == 100
        assert not figures.estimated

    def test_interactions_change_figures_that_are_there(
        self, engagement: EngagementServiceStub, persona_id: str
    ) -> None:
        post = make_post(engagement, persona_id)
        measure(engagement, post.id, likes=100, reach=1000)
        record(engagement, post.id, [comment("anna", "lovely", ago(hours=3)), comment("bot", SPAM, ago(hours=9))])
        figures = post_of(engagement, post.id)
        assert figures.metrics.likes == 100
        assert figures.engagement.likes == 50
        assert figures.engagement.engagement_rate_pct == pytest.approx(5.0)


class TestAverages:
    """Against the persona's posts of the 30 days before, on that platform, at equal age."""

    def against(self, stub: EngagementServiceStub, persona_id: str, **fields: Any) -> engagement_pb2.GenuineEngagement:
        post = make_post(stub, persona_id, publish_time=ago(days=1), **fields)
        return measure(stub, post.id, likes=60, reach=1000).post.engagement

    def test_a_fifth_better_is_plus_twenty(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        for likes in (40, 60):
            measured_post(engagement, persona_id, ago(days=8), ago(days=7), likes=likes, reach=1000)
        assert self.against(engagement, persona_id).vs_average_pct == pytest.approx(20.0)

    def test_ages_are_equal(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        older = make_post(engagement, persona_id, publish_time=ago(days=10))
        measure(engagement, older.id, ago(days=9), likes=30, reach=1000)
        measure(engagement, older.id, ago(days=1), likes=90, reach=1000)
        assert self.against(engagement, persona_id).vs_average_pct == pytest.approx(100.0, abs=1.0)

    def test_others_do_not_count(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        measured_post(engagement, make_persona(engagement, "Other").id, ago(days=8), ago(days=7), likes=1, reach=1000)
        measured_post(engagement, persona_id, ago(days=40), ago(days=39), likes=1, reach=1000)
        elsewhere = make_post(engagement, persona_id, platform=FACEBOOK, publish_time=ago(days=8))
        measure(engagement, elsewhere.id, ago(days=7), likes=1, reach=1000)
        assert not self.against(engagement, persona_id).HasField("vs_average_pct")


def test_what_a_platform_calls_other_is_measured_too(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id, platform=common_pb2.PLATFORM_OTHER)
    assert measure(engagement, post.id, likes=3, reach=100).post.engagement.engagement_rate_pct == pytest.approx(3.0)
