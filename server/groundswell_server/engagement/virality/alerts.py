"""Virality alerts: every measured post is checked, and each post raises at most one alert event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Final

from groundswell_server.engagement.estimates import Estimate
from groundswell_server.engagement.metrics.age_interpolation import AgePoint, value_at_age
from groundswell_server.engagement.virality.alert_events import ViralityAlert, alert_to_json
from groundswell_server.engagement.virality.projection import project
from groundswell_server.engagement.virality.threshold import MIN_POSTS, threshold_of
from groundswell_storage.engagement import posts, snapshots
from groundswell_storage.engagement.enums import Platform, RateBase
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.events.topics import VIRALITY_ALERT
from groundswell_storage.scope import Scope

LOOKBACK: Final = timedelta(days=365)
"""Age of the oldest post to compare with."""
MAX_POSTS: Final = 200
"""Newest posts to compare with."""

_COUNT_OF_BASE: Final = {RateBase.REACH: "reach", RateBase.IMPRESSIONS: "impressions", RateBase.VIEWS: "views"}


def raise_virality_alert(scope: Scope, row: PostRow, projected_age: timedelta) -> None:
    """Raises the alert of a viral post, once; the post is locked."""
    if row.alert_time is None and (alert := evaluate_virality(scope, row, projected_age)) is not None:
        posts.set_alerted(scope, row, scope.now)
        scope.publish(VIRALITY_ALERT, row.id, alert_to_json(alert))


def evaluate_virality(scope: Scope, row: PostRow, projected_age: timedelta) -> ViralityAlert | None:
    """Returns the alert that the latest figures of a post justify; None when they are not unusual."""
    rate, fetched = row.engagement_rate_pct, row.fetch_time
    if not rate or fetched is None:
        return None
    age = fetched - row.publish_time
    rates, platform_wide = _rates(scope, row, row.persona_id, age), False
    if len(rates) < MIN_POSTS:
        rates, platform_wide = _rates(scope, row, None, age), True
    threshold = threshold_of(list(rates.values()))
    if threshold is None or rate <= threshold:
        return None
    base = RateBase(row.rate_base)
    return ViralityAlert(
        post_id=row.id,
        persona_id=row.persona_id,
        platform=Platform(row.platform),
        age=age,
        engagement_rate_pct=rate,
        threshold_pct=threshold,
        compared_post_count=len(rates),
        platform_wide=platform_wide,
        rate_base=base,
        projected_reach=_projected(scope, row, list(rates), _COUNT_OF_BASE[base], age, projected_age),
        projected_age=projected_age,
    )


def _rates(scope: Scope, row: PostRow, persona_id: str | None, age: timedelta) -> dict[str, float]:
    """Returns the rates at an age of earlier posts on the platform, by post; of all personas for None."""
    found = snapshots.rates_around_age(
        scope,
        persona_id,
        row.platform,
        since=row.publish_time - LOOKBACK,
        before=row.publish_time,
        age=age,
        limit=MAX_POSTS,
    )
    by_post = groupby(found, key=lambda rate: rate.post_id)
    points = {post_id: [AgePoint(rate.age, rate.rate_pct) for rate in group] for post_id, group in by_post}
    return {post_id: rate for post_id, known in points.items() if (rate := value_at_age(known, age)) is not None}


def _projected(
    scope: Scope, row: PostRow, peer_ids: Sequence[str], count: str, age: timedelta, later: timedelta
) -> Estimate | None:
    now = getattr(row, count)
    if age >= later or not now:
        return None
    growths = []
    for known in _counts(scope, peer_ids, count, (age, later)):
        then, finally_ = value_at_age(known, age), value_at_age(known, later)
        if then and finally_:
            growths.append(finally_ / then)
    return project(now, growths)


def _counts(scope: Scope, post_ids: Sequence[str], count: str, ages: Sequence[timedelta]) -> list[list[AgePoint]]:
    found = snapshots.counts_around_ages(scope, post_ids, count, ages)
    by_post = groupby(found, key=lambda counted: counted.post_id)
    return [[AgePoint(counted.age, counted.value) for counted in group] for _, group in by_post]
