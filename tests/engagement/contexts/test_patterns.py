"""Patterns: what contexts confirm, by the reaction to a post or by a human's rating."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from groundswell_server.engagement.contexts.contexts import Context, ContextDraft, start_context, submit_feedback
from groundswell_server.engagement.ingestion.post_metrics import record_metrics
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.personas import PersonaDraft, create_persona
from groundswell_server.engagement.posts.posts import Post, PostDraft, create_post, delete_post
from groundswell_storage.engagement import patterns
from groundswell_storage.engagement.enums import MediaType, Platform, Rating
from groundswell_storage.scope import Scope
from tests.engagement.defaults import TARGET_AGE, THRESHOLDS

EVENING = datetime(2026, 3, 4, 17, 30, tzinfo=UTC)
GOOD = Counts(likes=60, reach=1000)
WEAK = Counts(likes=6, reach=1000)


@pytest.fixture
def context(scope: Scope) -> Context:
    return start_context(
        scope,
        ContextDraft("IMAGE_GENERATION", input={"parameters": {"steps": 30}}, strategy={"style": "warm"}),
    )


@pytest.fixture
def post(scope: Scope, context: Context) -> Post:
    persona = create_persona(scope, PersonaDraft("Luna", time_zone="Europe/Berlin"))
    draft = PostDraft(
        persona.id,
        Platform.INSTAGRAM,
        "1",
        context_id=context.id,
        caption="Look #sea",
        media_type=MediaType.VIDEO,
        publish_time=EVENING,
    )
    return create_post(scope, draft)


def measure(scope: Scope, post: Post, counts: Counts, days: int) -> None:
    record_metrics(scope, post.id, counts, EVENING + timedelta(days=days), THRESHOLDS, TARGET_AGE)


def test_a_success_is_kept_with_what_it_consists_of(scope: Scope, context: Context, post: Post) -> None:
    measure(scope, post, GOOD, 1)
    (kept,) = patterns.list_for_context(scope, context.id)
    assert kept.name == "instagram_high_engagement"
    assert kept.features == {
        "hashtags": ["sea"],
        "hour": 18,
        "format": "VIDEO",
        "length": 9,
        "generation_parameters": {"steps": 30},
    }
    assert (kept.post_id, kept.persona_id, kept.platform) == (post.id, post.persona_id, Platform.INSTAGRAM)
    assert kept.engagement_rate_pct == pytest.approx(6.0)
    assert "6.00%" in kept.description


def test_later_metrics_bring_it_up_to_date_and_add_no_other(scope: Scope, context: Context, post: Post) -> None:
    measure(scope, post, GOOD, 1)
    measure(scope, post, Counts(likes=70, reach=1000), 2)
    (kept,) = patterns.list_for_context(scope, context.id)
    assert kept.engagement_rate_pct == pytest.approx(7.0)


def test_it_goes_with_its_post_and_with_its_success(scope: Scope, context: Context, post: Post) -> None:
    measure(scope, post, GOOD, 1)
    measure(scope, post, WEAK, 2)
    assert not patterns.list_for_context(scope, context.id)
    measure(scope, post, GOOD, 3)
    delete_post(scope, post.id)
    assert not patterns.list_for_context(scope, context.id)


def test_a_high_rating_keeps_the_strategy(scope: Scope, context: Context) -> None:
    submit_feedback(scope, context.id, Rating.EXCELLENT)
    (kept,) = patterns.list_for_context(scope, context.id)
    assert kept.name == "image_generation_highly_rated"
    assert kept.features == {"strategy": {"style": "warm"}, "generation_parameters": {"steps": 30}}
    assert kept.post_id is None


def test_a_rating_and_metrics_confirm_side_by_side(scope: Scope, context: Context, post: Post) -> None:
    submit_feedback(scope, context.id, Rating.EXCELLENT)
    measure(scope, post, GOOD, 1)
    names = [kept.name for kept in patterns.list_for_context(scope, context.id)]
    assert names == ["image_generation_highly_rated", "instagram_high_engagement"]
    measure(scope, post, WEAK, 2)
    assert [kept.name for kept in patterns.list_for_context(scope, context.id)] == ["image_generation_highly_rated"]


def test_a_low_rating_takes_back_what_metrics_confirmed(scope: Scope, context: Context, post: Post) -> None:
    measure(scope, post, GOOD, 1)
    submit_feedback(scope, context.id, Rating.UNACCEPTABLE)
    assert not patterns.list_for_context(scope, context.id)
    measure(scope, post, GOOD, 2)
    assert not patterns.list_for_context(scope, context.id)
