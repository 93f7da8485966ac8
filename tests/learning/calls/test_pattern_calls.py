"""The calls about patterns, on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.drafts import INSTAGRAM, luna
from tests.learning.calls.studio import POSTS, Studio

EVERY = timedelta(hours=14)
WARM = {"style": "warm"}


@pytest.fixture(scope="module")
def gallery(learning_server: Any) -> Studio:
    """A workspace whose films in the evening do better than its pictures in the morning, as does #sea."""
    studio = Studio.open(learning_server)
    studio.publish(two_kinds(150))
    return studio


def two_kinds(count: int) -> Iterator[engagement_pb2.ImportedPost]:
    random = Random(5)
    for number, row in enumerate(world.posts(count, every=timedelta(days=1))):
        film = number % 5 < 2
        sea = random.random() < 0.3
        row.media_type = common_pb2.MEDIA_TYPE_VIDEO if film else common_pb2.MEDIA_TYPE_IMAGE
        row.caption = (
            "What do you think? Tell us below." if film else "Number by number the series grows, made quietly."
        )
        published = world.FIRST + timedelta(days=number, hours=7 if film else -3)
        row.publish_time.FromDatetime(published)
        row.fetch_time.FromDatetime(published + world.LAST_AGE)
        del row.hashtags[:]
        row.hashtags.extend(["sea"] * sea + [f"day{number % 6}"])
        rate = 3.0 * (1.8 if film else 1.0) * (1.5 if sea else 1.0) * random.uniform(0.75, 1.3)
        row.metrics.likes = int(rate * 100)
        yield row


def asked(message: Any, **fields: Any) -> Any:
    return message(**{"as_of_time": world.after(150, every=timedelta(days=1)), "lookback_days": 365, **fields})


def test_a_kind_of_post_that_does_better_is_a_winning_pattern(gallery: Studio) -> None:
    response = gallery.learning.AnalyzePatterns(asked(pb.AnalyzePatternsRequest))
    winning = response.winning_patterns[0]
    assert winning.type == pb.PATTERN_TYPE_WINNING
    assert winning.id.startswith("winning-")
    assert {"hour", "question"} <= {feature.name for feature in winning.features[:6]}
    assert winning.lift_pct.interval.lower > 0
    assert winning.lift_pct.sample_size == winning.confirmation_size < winning.sample_size
    assert winning.confidence >= 0.7
    assert winning.effect_size >= 0.3
    assert list(winning.applicable_tasks) == ["SOCIAL_POST"]
    statistics = response.statistics
    assert (statistics.sample_size, statistics.lookback_days, statistics.cross_fitted) == (150, 365, False)
    assert statistics.winning_count == len(response.winning_patterns)
    assert response.insights
    assert "not cause" in response.notes[0]


def test_under_120_posts_the_answer_says_that_halves_confirm_each_other(gallery: Studio) -> None:
    response = gallery.learning.AnalyzePatterns(asked(pb.AnalyzePatternsRequest, lookback_days=100))
    assert 50 <= response.statistics.sample_size < 120
    assert response.statistics.cross_fitted
    assert any("cross-fitting" in note for note in response.notes)


@pytest.mark.parametrize(
    "fields", [{"content_type": 3}, {"platform": 2}, {"lookback_days": 20}], ids=["type", "platform", "span"]
)
def test_only_what_is_asked_for_is_looked_at(gallery: Studio, fields: dict[str, Any]) -> None:
    with refusal() as refused:
        gallery.learning.AnalyzePatterns(asked(pb.AnalyzePatternsRequest, **fields))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_SAMPLES")
    assert refused.metadata["need"] == "50"
    assert int(refused.metadata["have"]) < 50


def test_unless_told_three_months_are_looked_back_on_and_of_what_is_recent_one(gallery: Studio) -> None:
    """A post came each day: a day more or less would be one post more or less."""
    now = world.after(150, every=timedelta(days=1))

    def of_days(days: int) -> list[engagement_pb2.ImportedPost]:
        first, last = now - timedelta(days=days), now
        return [row for row in two_kinds(150) if first <= row.publish_time.ToDatetime(UTC) < last]

    ask, quarter, month = gallery.learning, of_days(90), of_days(30)
    assert 80 < len(quarter) < 90
    assert 20 < len(month) < 30
    patterns = ask.AnalyzePatterns(pb.AnalyzePatternsRequest(as_of_time=now))
    assert (patterns.statistics.sample_size, patterns.statistics.lookback_days) == (len(quarter), 90)
    assert ask.GetEffectiveHashtags(pb.GetEffectiveHashtagsRequest(as_of_time=now)).sample_size == len(quarter)
    timing = pb.PredictTimingRequest(as_of_time=now, platform=INSTAGRAM)
    assert ask.PredictTiming(timing).sample_size == len(quarter)
    assert ask.SummarizePerformance(pb.SummarizePerformanceRequest(as_of_time=now)).period.post_count == len(month)
    successes = ask.FindSuccessfulPatterns(pb.FindSuccessfulPatternsRequest(as_of_time=now))
    assert successes.post_count == len(month)
    assert successes.successful_count == sum(row.metrics.likes >= 0.05 * row.metrics.reach for row in month)


@pytest.mark.parametrize(("days", "known"), [(29, True), (31, False)])
def test_failures_are_those_of_the_last_30_days_unless_told(workshop: Studio, days: int, known: bool) -> None:
    request = pb.FindFailurePatternsRequest(as_of_time=datetime.now(UTC) + timedelta(days=days))
    assert bool(workshop.learning.FindFailurePatterns(request).patterns) is known


@pytest.mark.parametrize(("days", "known"), [(89, True), (91, False)])
def test_suggestions_rest_on_the_last_90_days_unless_told(workshop: Studio, days: int, known: bool) -> None:
    request = pb.SuggestImprovementsRequest(as_of_time=datetime.now(UTC) + timedelta(days=days))
    areas = {one.area for one in workshop.learning.SuggestImprovements(request).suggestions}
    assert ("failures" in areas) is known


def test_a_hashtag_that_goes_with_more_is_found_and_its_company_is_not(gallery: Studio) -> None:
    response = gallery.learning.GetEffectiveHashtags(asked(pb.GetEffectiveHashtagsRequest))
    best = response.hashtags[0]
    assert (list(best.hashtags), best.association) == (["sea"], pb.ASSOCIATION_HIGHER)
    assert best.effect_pct.interval.lower < 50 < best.effect_pct.interval.upper
    assert best.effect_pct.sample_size + best.posts_without == response.sample_size == 150
    assert best.p_value <= best.adjusted_p_value <= 0.1
    assert response.tested_count == 7
    assert "association, not cause" in response.notes[0]
    assert len(gallery.learning.GetEffectiveHashtags(asked(pb.GetEffectiveHashtagsRequest, top_k=2)).hashtags) == 2
    asked_for_more = asked(pb.GetEffectiveHashtagsRequest, min_posts=60)
    assert gallery.learning.GetEffectiveHashtags(asked_for_more).tested_count == 0


def test_a_period_is_compared_with_the_one_before(gallery: Studio) -> None:
    request = pb.SummarizePerformanceRequest(as_of_time=world.FIRST + timedelta(days=120), period_days=50)
    response = gallery.learning.SummarizePerformance(request)
    assert response.period.post_count == response.previous_period.post_count == 50
    assert response.period.measured_count == 44, "those of the last week are too young"
    assert response.period.mean_rate_pct.interval.lower < response.period.mean_rate_pct.value
    assert response.period.success_share.value > 0
    assert {change.metric for change in response.changes} >= {"mean_rate_pct", "success_share", "post_count"}
    assert [one.platform for one in response.platforms] == [INSTAGRAM]
    assert len(response.best_post_ids) == 3
    assert response.summary


def test_every_suggestion_cites_its_figures(gallery: Studio) -> None:
    response = gallery.learning.SuggestImprovements(asked(pb.SuggestImprovementsRequest))
    areas = {one.area for one in response.suggestions}
    assert {"content", "hashtags"} <= areas
    assert all(one.evidence and one.priority for one in response.suggestions)
    hashtags = next(one for one in response.suggestions if one.area == "hashtags")
    assert hashtags.advice.startswith("Use #sea (")
    assert hashtags.evidence[0].estimate.HasField("interval")
    one = gallery.learning.SuggestImprovements(asked(pb.SuggestImprovementsRequest, max_suggestions=1))
    assert len(one.suggestions) == 1


@pytest.fixture(scope="module")
def workshop(learning_server: Any) -> Studio:
    """The workspace with posts that are too young for their rates to be compared."""
    return filled(learning_server, age=timedelta())


@pytest.fixture(scope="module")
def old_workshop(learning_server: Any) -> Studio:
    """The same a week later."""
    return filled(learning_server, age=timedelta(days=8))


def filled(learning_server: Any, age: timedelta) -> Studio:
    """A workspace where a warm strategy works, a cold one does not, and rendering fails at high complexity."""
    studio = Studio.open(learning_server)
    persona = studio.engagement.CreatePersona(engagement_pb2.CreatePersonaRequest(name="Luna")).persona
    for number in range(24):
        warm = number % 2 == 0
        start = engagement_pb2.StartContextRequest(persona_id=persona.id, phase="TEXT_GENERATION")
        start.strategy.update(WARM if warm else {"style": "cold"})
        start.input.update({"parameters": {"steps": 30}})
        context = studio.engagement.StartContext(start).context
        post = engagement_pb2.CreatePostRequest(
            persona_id=persona.id,
            context_id=context.id,
            platform=INSTAGRAM,
            platform_post_id=str(number),
            caption="Look #sea",
            media_type=common_pb2.MEDIA_TYPE_VIDEO,
            publish_time=datetime.now(UTC) - age,
        )
        posted = studio.engagement.CreatePost(post).post
        likes = 80 if warm else 30
        metrics = engagement_pb2.Metrics(likes=likes, reach=1000)
        studio.engagement.RecordMetrics(engagement_pb2.RecordMetricsRequest(post_id=posted.id, metrics=metrics))
    for number in range(16):
        heavy = number % 2 == 0
        rendering = engagement_pb2.StartContextRequest(phase="IMAGE_GENERATION", complexity=3 if heavy else 1)
        finish = engagement_pb2.FinishContextRequest(
            context_id=studio.engagement.StartContext(rendering).context.id, state=4 if heavy else 3
        )
        if heavy:
            finish.trace_artifacts.add(type="TimeoutError", message="took 60 s", location="render.py:88")
        studio.engagement.FinishContext(finish)
    return studio


def test_what_worked_for_a_task_is_recommended_with_why(workshop: Studio) -> None:
    response = workshop.learning.RecommendPatterns(pb.RecommendPatternsRequest(task_type="text_generation"))
    best = response.patterns[0]
    assert best.source == pb.PATTERN_SOURCE_APPROACH
    assert best.name == "instagram_high_engagement"
    assert dict(best.strategy) == WARM
    assert dict(best.generation_parameters) == {"steps": 30}
    assert "12 of 12 TEXT_GENERATION contexts" in best.reason
    assert len(best.example_context_ids) == 3
    assert response.notes, "there are too few old posts for kinds of posts"
    nothing = workshop.learning.RecommendPatterns(pb.RecommendPatternsRequest(task_type="BLOG"))
    assert not nothing.patterns
    assert "Nothing is known yet" in nothing.notes[-1]


def test_kinds_of_posts_are_recommended_for_their_task(gallery: Studio) -> None:
    request = pb.RecommendPatternsRequest(task_type="SOCIAL_POST", lookback_days=3650)
    response = gallery.learning.RecommendPatterns(request)
    assert response.patterns[0].source == pb.PATTERN_SOURCE_CLUSTER
    assert response.patterns[0].features
    assert len(response.patterns) <= 3


def test_posts_too_young_to_be_compared_wait(workshop: Studio) -> None:
    response = workshop.learning.FindSuccessfulPatterns(pb.FindSuccessfulPatternsRequest())
    assert (response.successful_count, response.post_count, response.pending_count) == (0, 0, 24)


def test_successful_posts_come_with_how_they_were_made(old_workshop: Studio) -> None:
    response = old_workshop.learning.FindSuccessfulPatterns(pb.FindSuccessfulPatternsRequest(max_patterns=5))
    assert (response.successful_count, response.post_count, len(response.patterns)) == (12, 24, 5)
    best = response.patterns[0]
    assert best.engagement_rate_pct == pytest.approx(8.0)
    assert (dict(best.strategy), dict(best.generation_parameters)) == (WARM, {"steps": 30})
    assert (best.phase, list(best.hashtags), best.caption_length) == ("TEXT_GENERATION", ["sea"], 9)
    assert best.context_id
    strict = pb.FindSuccessfulPatternsRequest(min_rate_pct=9.0)
    assert old_workshop.learning.FindSuccessfulPatterns(strict).successful_count == 0
    loose = pb.FindSuccessfulPatternsRequest(min_rate_pct=0.0)
    assert old_workshop.learning.FindSuccessfulPatterns(loose).successful_count == 24


def test_failures_come_with_phases_examples_and_how_to_avoid_them(workshop: Studio) -> None:
    response = workshop.learning.FindFailurePatterns(pb.FindFailurePatternsRequest(max_examples=2))
    (failure,) = response.patterns
    assert (failure.type, failure.kind, failure.count) == ("TimeoutError", pb.FAILURE_KIND_ERROR, 8)
    assert (response.context_count, response.failure_count) == (40, 8)
    assert failure.frequency.value == pytest.approx(0.2)
    (phase,) = failure.phases
    assert (phase.phase, phase.failure_count, phase.context_count) == ("IMAGE_GENERATION", 8, 16)
    assert [(one.message, one.location) for one in failure.examples] == [("took 60 s", "render.py:88")] * 2
    assert failure.risks[0].trait == "complexity high"
    assert "Avoid complexity high if you can" in failure.how_to_avoid
    only_text = pb.FindFailurePatternsRequest(phase="TEXT_GENERATION")
    assert not workshop.learning.FindFailurePatterns(only_text).patterns


def test_a_suggestion_on_failures_reaches_the_caller(workshop: Studio) -> None:
    response = workshop.learning.SuggestImprovements(pb.SuggestImprovementsRequest())
    (failures,) = [one for one in response.suggestions if one.area == "failures"]
    assert "8 of 40 contexts (20%) ended in TimeoutError" in failures.advice
    assert any("There are no suggestions about hashtags" in note for note in response.notes)


def test_an_empty_workspace_has_nothing_to_say_and_says_so(empty: Studio) -> None:
    assert empty.learning.FindSuccessfulPatterns(pb.FindSuccessfulPatternsRequest()).ByteSize() == 0
    assert empty.learning.FindFailurePatterns(pb.FindFailurePatternsRequest()).ByteSize() == 0
    assert empty.learning.SuggestImprovements(pb.SuggestImprovementsRequest()).notes
    assert empty.learning.SummarizePerformance(pb.SummarizePerformanceRequest()).summary


def test_posts_of_the_last_week_wait(studio: Studio) -> None:
    request = pb.AnalyzePatternsRequest(
        as_of_time=world.FIRST + POSTS * EVERY, lookback_days=365, persona_id=luna(studio)
    )
    response = studio.learning.AnalyzePatterns(request)
    assert response.statistics.sample_size == POSTS - 11, "eleven more came within a week of that moment"
