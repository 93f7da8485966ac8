"""Sentiment and demographics on the wire."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import SPAM, ago, comment, like, make_post, measure, record
from tests.errors import refusal

PRAISE = "love this so much, what a great view"
SCORN = "this is awful, I hate it"
FOND_SPAM = f"{SPAM}, I love you"


def analyze(stub: EngagementServiceStub, post_id: str) -> engagement_pb2.AnalyzePostResponse:
    return stub.AnalyzePost(engagement_pb2.AnalyzePostRequest(post_id=post_id))


def test_each_comment_says_what_it_says(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    texts = {
        "a": (PRAISE, engagement_pb2.SENTIMENT_POSITIVE),
        "b": (SCORN, engagement_pb2.SENTIMENT_NEGATIVE),
        "c": ("where is this?", engagement_pb2.SENTIMENT_NEUTRAL),
        "d": ("me encanta 😍", engagement_pb2.SENTIMENT_UNSUPPORTED),
    }
    record(
        engagement,
        post.id,
        [like("e", ago(hours=1)), *(comment(actor, text, ago(hours=2)) for actor, (text, _) in texts.items())],
    )
    listed = engagement.ListInteractions(engagement_pb2.ListInteractionsRequest(post_id=post.id)).interactions
    told = {found.actor_handle: found for found in listed}
    assert {actor: told[actor].sentiment for actor in texts} == {actor: label for actor, (_, label) in texts.items()}
    assert told["a"].sentiment_score > 0.05
    assert told["b"].sentiment_score < -0.05
    assert not told["d"].HasField("sentiment_score")
    assert told["e"].sentiment == engagement_pb2.SENTIMENT_UNSPECIFIED
    assert not told["e"].HasField("sentiment_score")


def test_the_mix_is_of_people_alone(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    people = [comment("a", PRAISE, ago(hours=9)), comment("b", SCORN, ago(hours=8)), comment("c", "gut", ago(hours=7))]
    record(engagement, post.id, [*people, comment("bot", FOND_SPAM, ago(hours=6))])
    found = analyze(engagement, post.id).sentiment
    assert (found.positive_count, found.neutral_count, found.negative_count, found.unsupported_count) == (1, 0, 1, 1)
    listed = engagement.ListInteractions(engagement_pb2.ListInteractionsRequest(post_id=post.id)).interactions
    scores = [told.sentiment_score for told in listed if told.actor_handle in "ab"]
    assert found.mean_score == pytest.approx(sum(scores) / 2)


def test_who_turns_out_a_bot_leaves_the_mix(engagement: EngagementServiceStub, persona_id: str) -> None:
    """A text that several write is a bot's: the first of them is judged anew."""
    post = make_post(engagement, persona_id)
    text = "wow I love this so much, the nicest picture anybody has taken of that harbour in years"
    record(engagement, post.id, [comment("one", text, ago(hours=9)), comment("anna", PRAISE, ago(hours=8))])
    assert analyze(engagement, post.id).sentiment.positive_count == 2
    record(engagement, post.id, [comment(f"bot{number}", text, ago(hours=number + 1)) for number in range(5)])
    assert analyze(engagement, post.id).sentiment.positive_count == 1


def test_the_trend_goes_by_time_after_publication(engagement: EngagementServiceStub, persona_id: str) -> None:
    published = ago(days=3)
    post = make_post(engagement, persona_id, publish_time=published)
    at_first = [comment(f"a{minute}", PRAISE, published + timedelta(minutes=10 * minute)) for minute in range(1, 6)]
    of_late = [comment(f"b{hour}", SCORN, published + timedelta(hours=50 + hour)) for hour in range(6)]
    record(engagement, post.id, at_first, of_late)
    answer = analyze(engagement, post.id)
    first, last = answer.sentiment.trend
    assert (first.positive_count, first.negative_count) == (5, 0)
    assert (last.positive_count, last.negative_count) == (0, 6)
    assert first.mean_score > 0 > last.mean_score
    assert first.end_time.ToDatetime(tzinfo=published.tzinfo) == published + timedelta(hours=1)
    assert last.start_time.ToDatetime(tzinfo=published.tzinfo) == published + timedelta(days=2)
    assert any("Sentiment fell" in sentence for sentence in answer.recommendations)
    assert any("6 of 11 comments (55%) are negative" in sentence for sentence in answer.recommendations)


def test_the_correlation_is_over_the_personas_posts(engagement: EngagementServiceStub, persona_id: str) -> None:
    """Twelve posts: the more praise, the more likes, with one exception."""
    for number in range(12):
        post = make_post(engagement, persona_id, publish_time=ago(days=8))
        praise = 11 - number if number in (4, 5) else number
        texts = [PRAISE] * praise + [SCORN] * (12 - praise)
        record(
            engagement,
            post.id,
            [comment(f"u{n}", f"{text} {'ab'[n % 2] * n}", ago(hours=n + 1)) for n, text in enumerate(texts)],
        )
        measure(engagement, post.id, likes=20 + 5 * number, reach=1000)
    found = analyze(engagement, post.id).sentiment.engagement_correlation
    assert found.sample_size == 12
    assert 0.6 < found.value < 1.0
    assert found.interval.lower > 0
    assert found.interval.level == pytest.approx(0.95)


def test_posts_too_young_to_be_compared_are_no_part_of_the_correlation(
    engagement: EngagementServiceStub, persona_id: str
) -> None:
    for number in range(12):
        post = make_post(engagement, persona_id, publish_time=ago(days=8 if number < 10 else 2))
        texts = [PRAISE] * (number % 5) + [SCORN] * 4
        record(
            engagement,
            post.id,
            [comment(f"u{n}", f"{text} {'ab'[n % 2] * n}", ago(hours=n + 1)) for n, text in enumerate(texts)],
        )
        measure(engagement, post.id, likes=20 + 5 * number, reach=1000)
    assert analyze(engagement, post.id).sentiment.engagement_correlation.sample_size == 10


def test_without_comments_there_is_no_sentiment(engagement: EngagementServiceStub, persona_id: str) -> None:
    post = make_post(engagement, persona_id)
    record(engagement, post.id, [like("anna", ago(hours=1))])
    assert not analyze(engagement, post.id).HasField("sentiment")


class TestDemographics:
    """Demographics."""

    def told(
        self, stub: EngagementServiceStub, post_id: str, hours: float, countries: dict[str, int]
    ) -> engagement_pb2.RecordMetricsResponse:
        return stub.RecordMetrics(
            engagement_pb2.RecordMetricsRequest(
                post_id=post_id,
                metrics=engagement_pb2.Metrics(likes=10, reach=300),
                fetch_time=ago(hours=hours),
                demographics=engagement_pb2.Demographics(
                    countries=countries, age_bands={"18-24": 90, "65+": 2}, genders={"female": 60, "male": 40}
                ),
            )
        )

    def test_small_groups_are_not_reported(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id)
        self.told(engagement, post.id, 1, {"DE": 80, "FR": 4, "IT": 3})
        found = analyze(engagement, post.id).demographics
        assert dict(found.countries) == {"DE": 80, "other": 7}
        assert dict(found.age_bands) == {"other": 92}
        assert dict(found.genders) == {"female": 60, "male": 40}

    def test_the_newest_is_kept(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id)
        assert not analyze(engagement, post.id).HasField("demographics")
        self.told(engagement, post.id, 2, {"DE": 80})
        self.told(engagement, post.id, 1, {"FR": 90})
        self.told(engagement, post.id, 3, {"IT": 70})
        measure(engagement, post.id, likes=20, reach=400)
        assert dict(analyze(engagement, post.id).demographics.countries) == {"FR": 90}

    @pytest.mark.parametrize(
        "told",
        [{"countries": {"Germany": 9}}, {"age_bands": {"old": 9}}, {"genders": {"F": 9}}, {"genders": {"f": -1}}],
    )
    def test_groups_that_cannot_be_are_named(
        self, engagement: EngagementServiceStub, persona_id: str, told: dict[str, dict[str, int]]
    ) -> None:
        post = make_post(engagement, persona_id)
        with refusal() as refused:
            engagement.RecordMetrics(
                engagement_pb2.RecordMetricsRequest(
                    post_id=post.id, metrics=engagement_pb2.Metrics(likes=1), demographics=told
                )
            )
        (field,) = refused.fields
        assert field.startswith(f"demographics.{next(iter(told))}")

    def test_a_deleted_post_takes_them_with_it(self, engagement: EngagementServiceStub, persona_id: str) -> None:
        post = make_post(engagement, persona_id, platform_post_id="gone")
        self.told(engagement, post.id, 1, {"DE": 80})
        engagement.DeletePost(engagement_pb2.DeletePostRequest(post_id=post.id))
        again = make_post(engagement, persona_id, platform_post_id="gone")
        assert not analyze(engagement, again.id).HasField("demographics")
