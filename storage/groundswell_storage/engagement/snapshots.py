"""Metric snapshots: one for each fetch of a post's counts, never overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from peewee import BigIntegerField, DoubleField, SmallIntegerField, TextField

from groundswell_storage.fields import MICROSECOND, InstantField, from_micros, to_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class MetricSnapshotRow(Table):
    """The counts of a post as the platform reported them at one moment, with the figures calculated from them."""

    id = TextField(primary_key=True)
    post_id = TextField()
    persona_id = TextField()
    platform = SmallIntegerField()
    publish_time = InstantField()
    """Of the post; with `fetch_time` it gives the age."""
    fetch_time = InstantField()
    likes = BigIntegerField(null=True)
    comments = BigIntegerField(null=True)
    shares = BigIntegerField(null=True)
    saves = BigIntegerField(null=True)
    clicks = BigIntegerField(null=True)
    impressions = BigIntegerField(null=True)
    reach = BigIntegerField(null=True)
    views = BigIntegerField(null=True)
    rate_pct = DoubleField(null=True)
    """Genuine engagement rate by what was known when the snapshot was recorded. It never changes, so that models see
    the past as it was known."""
    genuine_total = BigIntegerField()
    """Genuine interactions, as known at the same time."""
    bot_share = DoubleField(null=True)
    """Share of bots among the single interactions known then, 0 to 1; null without any."""
    outcome_rate_pct = DoubleField(null=True)
    """The rate by what is known now. It follows the verdicts on interactions that are recorded later, as long as the
    snapshot is the post's newest; models learn to predict it."""
    create_time = InstantField()

    class Meta:
        indexes = (
            (("post_id", "fetch_time"), False),
            (("workspace", "persona_id", "platform", "fetch_time"), False),
            (("workspace", "platform", "fetch_time"), False),
        )


class RateAtAge(NamedTuple):
    """A post's genuine rate at one of its ages."""

    post_id: str
    publish_time: datetime
    age: timedelta
    rate_pct: float


class CountAtAge(NamedTuple):
    """One of a post's counts at one of its ages."""

    post_id: str
    age: timedelta
    value: int


def list_for_post(scope: Scope, post_id: str) -> list[MetricSnapshotRow]:
    """Returns all snapshots of a post, oldest first."""
    query = scope.select(MetricSnapshotRow).where(MetricSnapshotRow.post_id == post_id)
    return list(query.order_by(MetricSnapshotRow.fetch_time, MetricSnapshotRow.id))


def add(scope: Scope, rows: Iterable[Mapping[str, Any]]) -> None:
    """Stores snapshots."""
    scope.insert_many(MetricSnapshotRow, rows)


def rates_around_age(
    scope: Scope,
    persona_id: str | None,
    platform: int,
    *,
    since: datetime,
    before: datetime,
    age: timedelta,
    limit: int,
) -> list[RateAtAge]:
    """Returns known rates around one age of a persona's posts on a platform, by post, oldest first.

    Of the newest `limit` measured posts among those published from `since` and before `before`, of all personas unless
    one is given: for each the last snapshot up to the age and the first one after it.
    """
    beside, ages = _beside("outcome_rate_pct", (age,))
    by_persona, persona = ("", ()) if persona_id is None else ("AND p.persona_id = ? ", (persona_id,))
    cursor = scope.execute(
        f"SELECT {beside} FROM post p WHERE p.workspace = ? {by_persona}AND p.platform = ? "
        "AND p.publish_time >= ? AND p.publish_time < ? AND p.fetch_time IS NOT NULL "
        "ORDER BY p.publish_time DESC, p.id DESC LIMIT ?",
        (*ages, scope.workspace, *persona, platform, to_micros(since), to_micros(before), limit),
    )
    ids = list({id for row in cursor.fetchall() for id in row if id is not None})
    if not ids:
        return []
    return _rates(scope, f"id IN ({', '.join('?' * len(ids))})", ids)


def counts_around_ages(
    scope: Scope, post_ids: Sequence[str], count: str, ages: Sequence[timedelta]
) -> list[CountAtAge]:
    """Returns known values of a count (a column's name) of some hundred posts around ages, by post, then by age."""
    beside, spans = _beside(count, ages)
    marks = ", ".join("?" * len(post_ids))
    cursor = scope.execute(
        f"SELECT {beside} FROM post p WHERE p.workspace = ? AND p.id IN ({marks})",
        (*spans, scope.workspace, *post_ids),
    )
    ids = list({id for row in cursor.fetchall() for id in row if id is not None})
    if not ids:
        return []
    cursor = scope.execute(
        f"SELECT post_id, fetch_time - publish_time, {count} FROM metric_snapshot "
        f"WHERE workspace = ? AND id IN ({', '.join('?' * len(ids))}) ORDER BY post_id, fetch_time, id",
        (scope.workspace, *ids),
    )
    return [CountAtAge(post_id, timedelta(microseconds=age), known) for post_id, age, known in cursor.fetchall()]


def _beside(column: str, ages: Sequence[timedelta]) -> tuple[str, list[int]]:
    """Returns columns, with their parameters, of a post's snapshots around ages: the last up to each, the first after.

    Only snapshots where the column is known.
    """
    one = (
        f"(SELECT m.id FROM metric_snapshot m WHERE m.post_id = p.id AND m.{column} IS NOT NULL "
        "AND m.fetch_time {} p.publish_time + ? ORDER BY m.fetch_time {} LIMIT 1)"
    )
    both = f"{one.format('<=', 'DESC')}, {one.format('>=', 'ASC')}"
    return ", ".join([both] * len(ages)), [age // MICROSECOND for age in ages for _ in range(2)]


def rates_of_span(
    scope: Scope, persona_id: str, platform: int, *, since: datetime, before: datetime
) -> list[RateAtAge]:
    """Returns all known rates of a persona's posts on a platform of a span of publication, then by age."""
    return _rates(
        scope,
        "persona_id = ? AND platform = ? AND publish_time >= ? AND publish_time < ?",
        (persona_id, platform, to_micros(since), to_micros(before)),
    )


def correct_outcome(scope: Scope, snapshot_id: str, rate_pct: float | None) -> None:
    """Updates the rate of a snapshot to what is known now about its interactions."""
    scope.execute(
        "UPDATE metric_snapshot SET outcome_rate_pct = ? WHERE workspace = ? AND id = ?",
        (rate_pct, scope.workspace, snapshot_id),
    )


def remove_of_post(scope: Scope, post_id: str) -> None:
    """Deletes all snapshots of a post."""
    scope.delete(MetricSnapshotRow).where(MetricSnapshotRow.post_id == post_id).execute()


def _rates(scope: Scope, condition: str, parameters: Sequence[object]) -> list[RateAtAge]:
    cursor = scope.execute(
        "SELECT post_id, publish_time, fetch_time - publish_time, outcome_rate_pct FROM metric_snapshot "
        f"WHERE workspace = ? AND {condition} AND outcome_rate_pct IS NOT NULL "
        "ORDER BY publish_time, post_id, fetch_time, id",
        (scope.workspace, *parameters),
    )
    return [
        RateAtAge(post_id, from_micros(published), timedelta(microseconds=age), rate)
        for post_id, published, age, rate in cursor.fetchall()
    ]
