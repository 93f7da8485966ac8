"""Defaults that people rely on, each at the figure that the contract and the docs give."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from groundswell_server.engagement.contexts.outcomes import Thresholds
from groundswell_server.engagement.ingestion.post_metrics import record_metrics
from groundswell_server.engagement.jobs import PERIODIC, SYNC_HOURLY
from groundswell_server.engagement.metrics.average_comparison import WINDOW, peer_rates
from groundswell_server.engagement.metrics.engagement_rates import Counts
from groundswell_server.engagement.personas import PersonaDraft, create_persona
from groundswell_server.engagement.platforms import adapters
from groundswell_server.engagement.posts.posts import PostDraft, create_post
from groundswell_server.settings import load
from groundswell_storage.engagement.enums import Platform
from groundswell_storage.scope import Scope
from tests.engagement.defaults import FILTER, TARGET_AGE, THRESHOLDS

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def test_thresholds_of_contexts_and_of_the_filter() -> None:
    assert (
        Thresholds(success_rate_pct=5.0, genuine_ratio=0.7, conditional_rate_pct=2.0, rejection_age=timedelta(hours=24))
        == THRESHOLDS
    )
    assert FILTER.threshold == 0.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("genuine_ratio", 0.7),
        ("rejection_age_hours", 24.0),
        ("bot_threshold", 0.5),
        ("sync_hours", 24),
        ("graph_calls_per_hour", 200),
        ("twitter_calls_per_15_minutes", 300),
        ("tiktok_calls_per_minute", 600),
        ("ml_target_age_days", 7.0),
    ],
)
def test_defaults_of_settings(name: str, value: Any) -> None:
    assert getattr(load(), name) == value


@pytest.mark.parametrize(
    ("platform", "calls", "window"),
    [
        (Platform.INSTAGRAM, 200, HOUR),
        (Platform.FACEBOOK, 200, HOUR),
        (Platform.TWITTER, 300, timedelta(minutes=15)),
        (Platform.TIKTOK, 600, timedelta(minutes=1)),
    ],
)
def test_budgets_of_the_platforms(platform: Platform, calls: int, window: timedelta) -> None:
    limit = adapters(load())[platform].limit
    assert (limit.calls, limit.window) == (calls, window)


def test_syncs_are_asked_for_every_hour() -> None:
    assert {job.name: job.every for job in PERIODIC}[SYNC_HOURLY] == HOUR


def test_posts_are_compared_with_those_of_the_30_days_before(scope: Scope) -> None:
    persona = create_persona(scope, PersonaDraft("Luna"))
    published = scope.now - DAY
    for back in (30 * DAY - HOUR, 30 * DAY + HOUR):
        draft = PostDraft(persona.id, Platform.INSTAGRAM, scope.new_id(), publish_time=published - back)
        post = create_post(scope, draft)
        record_metrics(scope, post.id, Counts(likes=5, reach=100), post.publish_time + DAY, THRESHOLDS, TARGET_AGE)
    assert len(peer_rates(scope, persona.id, Platform.INSTAGRAM, published, DAY)) == 1
    assert timedelta(days=30) == WINDOW
