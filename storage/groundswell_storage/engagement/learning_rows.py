"""Training data from Engagement: posts with the facts known before each, and rates for comparison.

Made for bulk reads: one statement reads 50,000 posts, and rows are named tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from groundswell_storage.engagement.outcomes import OUTCOME, outcome_at
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.fields import from_micros, to_micros
from groundswell_storage.scope import Scope

_json: Callable[[Any], Any] = PostRow.hashtags.python_value
"""Returns the value of a JSON column, as either database gives it."""


class TrainingRow(NamedTuple):
    """A post with the facts known when it was published, and with its outcome.

    Enums are the contract's numbers, 0 for unknown.
    """

    post_id: str
    persona_id: str
    time_zone: str
    """IANA, of the persona."""
    platform: int
    media_type: int
    category: str
    caption: str
    hashtags: Sequence[str]
    publish_time: datetime
    follower_count: int | None
    """At posting."""
    complexity: int | None
    """This and the five that follow are the context's at the moment of posting; None without a context."""
    state: int | None
    confidence: int | None
    validation: int | None
    agent_assigned: bool | None
    prompt_length: int | None
    """Characters; None when no prompt is known."""
    rate_pct: float
    """Genuine engagement rate at the target age: of the first snapshot fetched at that age or later."""
    known: datetime
    """Fetch time of that snapshot."""


class PastRate(NamedTuple):
    """The outcome of a past post."""

    post_id: str
    persona_id: str
    platform: int
    time_zone: str
    publish_time: datetime
    rate_pct: float
    known: datetime


class OutcomeRow(NamedTuple):
    """A past post's figures at one age. They never change, so that every later reader gets the same."""

    post_id: str
    persona_id: str
    platform: int
    publish_time: datetime
    known: datetime
    """Fetch time of the snapshot: its figures were not known before."""
    rate_pct: float | None
    """This and the next two figures are as known at that time."""
    genuine_total: int
    bot_share: float | None
    """0 to 1; None without single interactions."""
    outcome_rate_pct: float
    """As known now, with later corrections."""


_KNOWN_BEFORE = (
    "p.id, p.persona_id, r.time_zone, p.platform, p.media_type, p.category, p.caption, p.hashtags, p.publish_time, "
    "p.follower_count, c.complexity, c.state, c.confidence, c.validation, c.agent_assigned, c.prompt_length"
)
"""The facts of a post and its context known when it was published: `TrainingRow` without the outcome."""


def training_rows(
    scope: Scope,
    *,
    since: datetime,
    until: datetime,
    target_age: timedelta,
    known_by: datetime | None = None,
    persona_id: str | None = None,
    post_ids: Sequence[str] | None = None,
) -> Iterator[TrainingRow]:
    """Yields posts published from `since` and before `until` whose rate at `target_age` is known, oldest first.

    `known_by` is the time of training, by default `scope.now`: snapshots that were fetched later are left out.
    `post_ids`, if given, restricts the posts. Rows are read one by one; consume them within the transaction.
    """
    chosen = "" if post_ids is None else f" AND p.id IN ({', '.join('?' * len(post_ids))})"
    cursor = scope.execute(
        f"SELECT {_KNOWN_BEFORE}, s.outcome_rate_pct, s.fetch_time "
        "FROM post p JOIN persona r ON r.id = p.persona_id "
        f"{OUTCOME}"
        "LEFT JOIN context_snapshot c ON c.post_id = p.id "
        "WHERE p.workspace = ? AND p.publish_time >= ? AND p.publish_time < ?"
        f"{_and('p.persona_id', persona_id)}{chosen} "
        "ORDER BY p.publish_time, p.id",
        (
            *outcome_at(target_age, known_by or scope.now),
            scope.workspace,
            to_micros(since),
            to_micros(until),
            *_given(persona_id),
            *(post_ids or ()),
        ),
    )
    return map(_training_row, cursor)


def labelled_rows(
    scope: Scope,
    *,
    model_type: str,
    positive: str,
    since: datetime,
    until: datetime,
    persona_id: str | None = None,
) -> Iterator[TrainingRow]:
    """Yields posts published from `since` and before `until` that were labelled for a type by `until`, oldest first.

    Instead of the rate, they have 1 for the label `positive` and 0 for any other, known since the label was given.
    Reads row by row, as `training_rows` does.
    """
    cursor = scope.execute(
        f"SELECT {_KNOWN_BEFORE}, CASE WHEN e.label = ? THEN 1.0 ELSE 0.0 END, e.create_time "
        "FROM training_example e JOIN post p ON p.id = e.post_id AND p.workspace = e.workspace "
        "JOIN persona r ON r.id = p.persona_id "
        "LEFT JOIN context_snapshot c ON c.post_id = p.id "
        "WHERE e.workspace = ? AND e.model_type = ? AND e.create_time <= ? "
        f"AND p.publish_time >= ? AND p.publish_time < ?{_and('p.persona_id', persona_id)} "
        "ORDER BY p.publish_time, p.id",
        (
            positive,
            scope.workspace,
            model_type,
            to_micros(until),
            to_micros(since),
            to_micros(until),
            *_given(persona_id),
        ),
    )
    return map(_training_row, cursor)


def personas_of_posts(scope: Scope, post_ids: Sequence[str]) -> dict[str, str]:
    """Returns the personas of posts, by the ids of the posts that the workspace has."""
    rows = scope.select(PostRow, PostRow.id, PostRow.persona_id).where(PostRow.id.in_(list(post_ids)))
    return {row.id: row.persona_id for row in rows}


def contexts_of_posts(scope: Scope, post_ids: Sequence[str]) -> dict[str, str]:
    """Returns the contexts of posts, by the ids of the posts that have one."""
    rows = scope.select(PostRow, PostRow.id, PostRow.context_id).where(PostRow.id.in_(list(post_ids)))
    return {row.id: row.context_id for row in rows if row.context_id}


def known_personas(scope: Scope, persona_ids: Sequence[str]) -> set[str]:
    """Returns those of these ids that are personas of the workspace and not deleted."""
    query = scope.select(PersonaRow, PersonaRow.id).where(
        PersonaRow.id.in_(list(persona_ids)) & PersonaRow.delete_time.is_null()
    )
    return {row.id for row in query}


def past_rates(
    scope: Scope,
    *,
    since: datetime,
    until: datetime,
    target_age: timedelta = timedelta(),
    known_by: datetime | None = None,
    persona_id: str | None = None,
    platform: int | None = None,
    limit: int = 50_000,
) -> list[PastRate]:
    """Returns outcomes of posts published from `since` and before `until`, the newest `limit`, newest first.

    With a `target_age`, rates at that age of posts that old; without, each post's first known rate. What was fetched
    after `known_by`, now unless given, is left out.
    """
    cursor = scope.execute(
        "SELECT p.id, p.persona_id, p.platform, r.time_zone, p.publish_time, s.outcome_rate_pct, s.fetch_time "
        "FROM post p JOIN persona r ON r.id = p.persona_id "
        f"{OUTCOME}"
        "WHERE p.workspace = ? AND p.publish_time >= ? AND p.publish_time < ?"
        f"{_and('p.persona_id', persona_id)}{_and('p.platform', platform)} "
        "ORDER BY p.publish_time DESC, p.id DESC LIMIT ?",
        (
            *outcome_at(target_age, known_by or scope.now),
            scope.workspace,
            to_micros(since),
            to_micros(until),
            *_given(persona_id),
            *_given(platform),
            limit,
        ),
    )
    return [PastRate._make((*row[:4], from_micros(row[4]), row[5], from_micros(row[6]))) for row in cursor.fetchall()]


def outcome_rows(
    scope: Scope,
    *,
    target_age: timedelta,
    known_until: datetime,
    published_from: datetime | None = None,
    persona_id: str | None = None,
    platform: int | None = None,
    limit: int | None = None,
) -> list[OutcomeRow]:
    """Yields for each post its first snapshot of `target_age` or older that has a rate, fetched up to `known_until`.

    The `limit` posts published last, or all published from `published_from`, newest first.
    """
    since = "" if published_from is None else " AND p.publish_time >= ?"
    cursor = scope.execute(
        "SELECT p.id, p.persona_id, p.platform, p.publish_time, s.fetch_time, s.rate_pct, s.genuine_total, "
        f"s.bot_share, s.outcome_rate_pct FROM post p {OUTCOME}"
        f"WHERE p.workspace = ? AND p.publish_time <= ?{since}"
        f"{_and('p.persona_id', persona_id)}{_and('p.platform', platform)} "
        f"ORDER BY p.publish_time DESC, p.id DESC{'' if limit is None else ' LIMIT ?'}",
        (
            *outcome_at(target_age, known_until),
            scope.workspace,
            to_micros(known_until - target_age),
            *_given(published_from and to_micros(published_from)),
            *_given(persona_id),
            *_given(platform),
            *_given(limit),
        ),
    )
    rows = cursor.fetchall()
    return [OutcomeRow._make((*row[:3], from_micros(row[3]), from_micros(row[4]), *row[5:])) for row in rows]


def count_outcomes(scope: Scope, *, after: datetime, target_age: timedelta) -> int:
    """Returns the number of posts published after a moment that have a known rate at the target age."""
    found: int = scope.execute(
        f"SELECT COUNT(*) FROM post p {OUTCOME}WHERE p.workspace = ? AND p.publish_time > ?",
        (*outcome_at(target_age, scope.now), scope.workspace, to_micros(after)),
    ).fetchone()[0]
    return found


def _training_row(row: Sequence[Any]) -> TrainingRow:
    published, known = from_micros(row[8]), from_micros(row[17])
    agent_assigned = None if row[14] is None else bool(row[14])
    return TrainingRow._make((*row[:7], _json(row[7]), published, *row[9:14], agent_assigned, *row[15:17], known))


def _and(column: str, value: object) -> str:
    return "" if value is None else f" AND {column} = ?"


def _given(value: object) -> tuple[object, ...]:
    return () if value is None else (value,)
