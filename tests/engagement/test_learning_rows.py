"""Rows of posts that Learning reads: the context at posting and the outcome at one age, nothing later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from groundswell_server.engagement.contexts.contexts import ContextDraft, start_context, submit_feedback
from groundswell_server.engagement.ingestion.post_metrics import record_metrics
from groundswell_server.engagement.interactions.interactions import NewInteraction
from groundswell_server.engagement.interactions.recorder import record_interactions
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.persona_handles import Handle
from groundswell_server.engagement.personas import PersonaDraft, create_persona, delete_persona
from groundswell_server.engagement.posts.posts import Post, PostDraft, create_post
from groundswell_storage.engagement import learning_rows, prediction_facts
from groundswell_storage.engagement.enums import (
    Complexity,
    Confidence,
    ContextState,
    InteractionKind,
    Platform,
    Rating,
    Validation,
)
from groundswell_storage.engagement.learning_rows import OutcomeRow, PastRate, TrainingRow
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope
from tests.engagement.defaults import FILTER, TARGET_AGE, THRESHOLDS
from tests.engagement.recorded_data import SPAM

WEEK = timedelta(days=7)


@pytest.fixture
def persona_id(scope: Scope) -> str:
    handle = Handle(Platform.INSTAGRAM, "luna", 1200)
    return create_persona(scope, PersonaDraft("Luna", handles=(handle,), time_zone="Europe/Berlin")).id


def days_ago(scope: Scope, days: float) -> datetime:
    return scope.now - timedelta(days=days)


def publish(scope: Scope, persona_id: str, days: float, **fields: Any) -> Post:
    """A post that was published so many days ago."""
    draft = PostDraft(persona_id, Platform.INSTAGRAM, scope.new_id(), publish_time=days_ago(scope, days), **fields)
    return create_post(scope, draft)


def fetch(scope: Scope, post: Post, days: float, likes: int) -> None:
    """Its likes of a reach of 1000, as they were so many days ago."""
    record_metrics(scope, post.id, Counts(likes=likes, reach=1000), days_ago(scope, days), THRESHOLDS, TARGET_AGE)


def comment_on(scope: Scope, post: Post, days: float, **texts: str) -> None:
    """Comments by actors, so many days ago."""
    occurred = to_micros(days_ago(scope, days))
    batch = [NewInteraction(InteractionKind.COMMENT, occurred, actor, text) for actor, text in texts.items()]
    record_interactions(scope, post.id, batch, FILTER, THRESHOLDS)


def training(scope: Scope, **fields: Any) -> list[TrainingRow]:
    given = {"since": days_ago(scope, 90), "until": scope.now, "target_age": WEEK, **fields}
    return list(learning_rows.training_rows(scope, **given))


def outcomes(scope: Scope, **fields: Any) -> list[OutcomeRow]:
    given = {"target_age": WEEK, "known_until": scope.now, **fields}
    return learning_rows.outcome_rows(scope, **given)


def past(scope: Scope, **fields: Any) -> list[PastRate]:
    given = {"since": days_ago(scope, 90), "until": scope.now, **fields}
    return learning_rows.past_rates(scope, **given)


def test_a_row_holds_what_was_known_when_the_post_was_published(scope: Scope, persona_id: str) -> None:
    draft = ContextDraft(
        "TEXT_GENERATION", complexity=Complexity.HIGH, input={"prompt": "a sunset"}, assigned_agent="painter"
    )
    context = start_context(scope, draft)
    post = publish(scope, persona_id, 10, context_id=context.id, caption="Look #sea", category="art")
    submit_feedback(scope, context.id, Rating.POOR)
    fetch(scope, post, 3, likes=60)
    (row,) = training(scope)
    assert (row.complexity, row.state) == (Complexity.HIGH, ContextState.PROCESSING)
    assert (row.confidence, row.validation) == (Confidence.HYPOTHESIS, Validation.PENDING)
    assert (row.agent_assigned, row.prompt_length) == (True, 8)
    assert (row.time_zone, row.follower_count) == ("Europe/Berlin", 1200)
    assert (row.caption, list(row.hashtags), row.category) == ("Look #sea", ["sea"], "art")
    assert row.publish_time == post.publish_time
    assert row.publish_time.tzinfo is UTC


def test_a_post_without_a_context_has_none_of_its_features(scope: Scope, persona_id: str) -> None:
    fetch(scope, publish(scope, persona_id, 10), 3, likes=60)
    (row,) = training(scope)
    assert {row.complexity, row.state, row.confidence, row.validation, row.agent_assigned, row.prompt_length} == {None}


def test_the_outcome_is_the_rate_of_the_first_snapshot_of_the_target_age(scope: Scope, persona_id: str) -> None:
    post = publish(scope, persona_id, 10)
    for days, likes in ((9, 10), (2.5, 50), (1, 70)):
        fetch(scope, post, days, likes)
    (row,) = training(scope)
    assert row.rate_pct == pytest.approx(5.0)
    assert row.known == days_ago(scope, 2.5)


def test_a_post_that_was_not_measured_at_that_age_waits(scope: Scope, persona_id: str) -> None:
    fetch(scope, publish(scope, persona_id, 10), 4, likes=60)
    fetch(scope, publish(scope, persona_id, 5), 1, likes=60)
    assert training(scope) == []


def test_who_learns_as_of_a_time_sees_nothing_later(scope: Scope, persona_id: str) -> None:
    fetch(scope, publish(scope, persona_id, 10), 2, likes=60)
    assert training(scope, known_by=days_ago(scope, 2.1)) == []
    assert len(training(scope, known_by=days_ago(scope, 1.9))) == 1


def test_rows_come_oldest_first_and_of_one_persona_when_asked(scope: Scope, persona_id: str) -> None:
    other = create_persona(scope, PersonaDraft("Sol")).id
    made = {days: publish(scope, who, days).id for days, who in ((10, persona_id), (30, other), (20, persona_id))}
    for id in made.values():
        record_metrics(scope, id, Counts(likes=5, reach=1000), scope.now, THRESHOLDS, TARGET_AGE)
    assert [row.post_id for row in training(scope)] == [made[30], made[20], made[10]]
    assert [row.post_id for row in training(scope, persona_id=persona_id)] == [made[20], made[10]]
    assert [row.post_id for row in training(scope, since=days_ago(scope, 25))] == [made[20], made[10]]


def test_posts_of_a_deleted_persona_are_still_learned_from(scope: Scope, persona_id: str) -> None:
    fetch(scope, publish(scope, persona_id, 10), 2, likes=60)
    delete_persona(scope, persona_id)
    assert len(training(scope)) == 1


def test_what_the_past_knew_stays_and_what_is_known_now_follows_the_verdicts(scope: Scope, persona_id: str) -> None:
    post = publish(scope, persona_id, 10)
    fetch(scope, post, 2, likes=60)
    comment_on(scope, post, 5, anna="lovely", bot=SPAM)
    (row,) = outcomes(scope)
    assert row.rate_pct == pytest.approx(6.0)
    assert row.bot_share is None
    assert row.outcome_rate_pct == pytest.approx(3.0)
    assert training(scope)[0].rate_pct == pytest.approx(3.0)


def test_a_snapshot_knows_the_bot_share_of_its_time(scope: Scope, persona_id: str) -> None:
    post = publish(scope, persona_id, 10)
    comment_on(scope, post, 5, anna="lovely", bert="so nice", bot=SPAM, cleo="where is this?")
    fetch(scope, post, 2, likes=60)
    comment_on(scope, post, 1, bot2=f"{SPAM}!")
    (row,) = outcomes(scope)
    assert row.bot_share == pytest.approx(0.25)
    assert row.genuine_total == 45


def test_past_rates_come_newest_first_and_of_whom_they_are_asked(scope: Scope, persona_id: str) -> None:
    other = create_persona(scope, PersonaDraft("Sol")).id
    for days, likes, who in ((20, 10, persona_id), (10, 20, persona_id), (15, 30, other)):
        fetch(scope, publish(scope, who, days), 1, likes)
    assert [rate.rate_pct for rate in past(scope)] == pytest.approx([2.0, 3.0, 1.0])
    assert [rate.rate_pct for rate in past(scope, persona_id=persona_id)] == pytest.approx([2.0, 1.0])
    assert past(scope, platform=int(Platform.FACEBOOK)) == []
    assert [rate.rate_pct for rate in past(scope, limit=1)] == pytest.approx([2.0])


def test_another_workspace_is_learned_nothing_from(scope: Scope, persona_id: str) -> None:
    fetch(scope, publish(scope, persona_id, 10), 2, likes=60)
    stranger = Scope(scope.database, "other", "tester", scope.now)
    assert training(stranger) == outcomes(stranger) == past(stranger) == []


def test_a_context_is_read_with_its_newest_post(scope: Scope, persona_id: str) -> None:
    context = start_context(scope, ContextDraft("TEXT_GENERATION", persona_id, input={"prompt": "a sunset"}))
    assert prediction_facts.context_facts(scope, context.id).post is None
    publish(scope, persona_id, 3, context_id=context.id)
    newest = publish(scope, persona_id, 2, context_id=context.id, caption="newest")
    facts = prediction_facts.context_facts(scope, context.id)
    assert (facts.persona_id, facts.prompt_length) == (persona_id, 8)
    assert facts.post is not None
    assert facts.post.post_id == newest.id


def test_a_persona_is_read_with_its_followers(scope: Scope, persona_id: str) -> None:
    facts = prediction_facts.persona_facts(scope, persona_id)
    assert facts.time_zone == "Europe/Berlin"
    assert facts.followers == {int(Platform.INSTAGRAM): 1200}
