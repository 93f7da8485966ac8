"""Post syncs: the outcome of the last request for each post on its platform, which also serves as a cache."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from peewee import BigIntegerField, BooleanField, SmallIntegerField, TextField

from groundswell_storage.fields import MICROSECOND, InstantField, from_micros, to_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class PostSyncRow(Table):
    """The last sync of a post. It is finished in an operation when its row names that operation and has an outcome."""

    post_id = TextField(primary_key=True)
    persona_id = TextField()
    platform = SmallIntegerField()
    operation_id = TextField()
    outcome = SmallIntegerField()
    problem = TextField(default="")
    tries = SmallIntegerField(default=0)
    """Number of failed attempts of the operation to fetch it."""
    sync_time = InstantField(null=True)
    """Time at which its counts were last fetched."""
    comments_seen = BigIntegerField(null=True)
    """Count of comments when all of them were last fetched."""
    comments_due = BooleanField(default=False)
    """True while the operation still has to fetch its comments."""
    interactions = BigIntegerField(default=0)
    """Comments that the operation recorded."""

    class Meta:
        indexes = ((("workspace", "operation_id", "outcome"), False),)


class SyncTarget(NamedTuple):
    """A post in the span of a sync."""

    post_id: str
    persona_id: str
    platform: int
    platform_post_id: str
    content_type: int
    publish_time: datetime
    operation_id: str
    """The last operation that requested the post, or empty."""
    outcome: int
    tries: int
    sync_time: datetime | None
    comments_seen: int | None
    comments_due: bool


class Overdue(NamedTuple):
    """The filter of posts that lack metrics from an age on."""

    age: timedelta
    operation_id: str
    """Posts that this operation has requested are included, whatever the outcome."""
    fine: Sequence[int]
    """Outcomes of the last sync of a post after which the post is requested again in any case."""
    failed_from: datetime
    """After any other outcome, only posts published from this time on."""


def targets(
    scope: Scope,
    *,
    since: datetime,
    until: datetime,
    platforms: Sequence[int],
    persona_ids: Sequence[str],
    overdue: Overdue | None = None,
) -> list[SyncTarget]:
    """Returns posts of tracked personas that are not deleted, published in a span (end excluded), newest first.

    Only overdue posts, where `overdue` is given. No persona means any.
    """
    cursor = scope.execute(*targets_statement(scope, since, until, platforms, persona_ids, overdue))
    return [
        SyncTarget._make(
            (
                *row[:5],
                from_micros(row[5]),
                *row[6:9],
                None if row[9] is None else from_micros(row[9]),
                row[10],
                bool(row[11]),
            )
        )
        for row in cursor.fetchall()
    ]


def targets_statement(
    scope: Scope,
    since: datetime,
    until: datetime,
    platforms: Sequence[int],
    persona_ids: Sequence[str],
    overdue: Overdue | None,
) -> tuple[str, tuple[object, ...]]:
    """Returns the statement of `targets` and its parameters."""
    marks = ", ".join("?" * len(platforms))
    only = f" AND p.persona_id IN ({', '.join('?' * len(persona_ids))})" if persona_ids else ""
    late, given = _late(overdue)
    statement = (
        "SELECT p.id, p.persona_id, p.platform, p.platform_post_id, p.content_type, p.publish_time, "
        "COALESCE(s.operation_id, ''), COALESCE(s.outcome, 0), COALESCE(s.tries, 0), s.sync_time, "
        "s.comments_seen, s.comments_due "
        "FROM post p JOIN persona a ON a.workspace = p.workspace AND a.id = p.persona_id "
        "LEFT JOIN post_sync s ON s.workspace = p.workspace AND s.post_id = p.id "
        "WHERE p.workspace = ? AND p.publish_time >= ? AND p.publish_time < ? "
        f"AND p.platform IN ({marks}){only}{late} AND a.delete_time IS NULL AND NOT a.tracking_opt_out "
        "ORDER BY p.publish_time DESC, p.id DESC"
    )
    return statement, (scope.workspace, to_micros(since), to_micros(until), *platforms, *persona_ids, *given)


def _late(overdue: Overdue | None) -> tuple[str, tuple[object, ...]]:
    """Returns the condition that a post is overdue, with its parameters."""
    if overdue is None:
        return "", ()
    fine = ", ".join("?" * len(overdue.fine))
    condition = (
        " AND (COALESCE(s.operation_id, '') = ? OR ((p.fetch_time IS NULL OR p.fetch_time < p.publish_time + ?) "
        f"AND (COALESCE(s.outcome, 0) IN ({fine}) OR p.publish_time >= ?)))"
    )
    age = overdue.age // MICROSECOND
    return condition, (overdue.operation_id, age, *overdue.fine, to_micros(overdue.failed_from))


def note(
    scope: Scope,
    target: SyncTarget,
    operation_id: str,
    *,
    outcome: int,
    problem: str = "",
    tries: int = 0,
    sync_time: datetime | None = None,
    comments_due: bool = False,
) -> None:
    """Records the outcome of a post in an operation; where it was not fetched, its earlier sync time stays.

    Written out, because there is one for each post of a sync.
    """
    scope.execute(
        "INSERT INTO post_sync (workspace, post_id, persona_id, platform, operation_id, outcome, problem, tries, "
        "sync_time, comments_due, interactions) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) "
        "ON CONFLICT (post_id) DO UPDATE SET operation_id = excluded.operation_id, outcome = excluded.outcome, "
        "problem = excluded.problem, tries = excluded.tries, "
        "sync_time = COALESCE(excluded.sync_time, post_sync.sync_time), "
        "comments_due = excluded.comments_due, interactions = 0",
        (
            scope.workspace,
            target.post_id,
            target.persona_id,
            target.platform,
            operation_id,
            int(outcome),
            problem,
            tries,
            None if sync_time is None else to_micros(sync_time),
            comments_due,
        ),
    )


def note_comments(scope: Scope, post_id: str, *, recorded: int, seen: int | None, due: bool) -> None:
    """Adds recorded comments; `seen`, when all were fetched, is the count that the platform reported."""
    changes: dict[str, Any] = {"interactions": PostSyncRow.interactions + recorded, "comments_due": due}
    if seen is not None:
        changes["comments_seen"] = seen
    scope.update(PostSyncRow, **changes).where(PostSyncRow.post_id == post_id).execute()


def forget_gone(scope: Scope, persona_id: str, platform: int, gone: int) -> None:
    """Allows another sync of posts that were missing on a platform: those of a persona, or of all for an empty id."""
    query = scope.delete(PostSyncRow).where((PostSyncRow.platform == platform) & (PostSyncRow.outcome == gone))
    if persona_id:
        query = query.where(PostSyncRow.persona_id == persona_id)
    query.execute()


def remove_of_post(scope: Scope, post_id: str) -> None:
    """Deletes the sync of a post."""
    scope.delete(PostSyncRow).where(PostSyncRow.post_id == post_id).execute()


def tally(scope: Scope, operation_id: str) -> list[tuple[int, int, int, int]]:
    """Returns the outcomes of an operation's posts: (platform, outcome, posts, comments recorded)."""
    return list(
        scope.execute(
            "SELECT platform, outcome, count(*), CAST(sum(interactions) AS BIGINT) FROM post_sync "
            "WHERE workspace = ? AND operation_id = ? GROUP BY platform, outcome ORDER BY platform, outcome",
            (scope.workspace, operation_id),
        ).fetchall()
    )


def failures(scope: Scope, operation_id: str, *, fine: Sequence[int], limit: int) -> list[tuple[str, int, str]]:
    """Returns the posts of an operation whose outcome is not in `fine`: (post id, outcome, problem)."""
    marks = ", ".join("?" * len(fine))
    return list(
        scope.execute(
            "SELECT post_id, outcome, problem FROM post_sync "
            f"WHERE workspace = ? AND operation_id = ? AND outcome NOT IN ({marks}) ORDER BY post_id LIMIT ?",
            (scope.workspace, operation_id, *fine, limit),
        ).fetchall()
    )
