"""Data of Engagement for finding patterns: posts, their results, and the ends of contexts.

Read in slices, newest first, so that no caller occupies the database for long: each slice continues after the last row
of the one before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from groundswell_storage.engagement.outcomes import OUTCOME, outcome_at
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.fields import from_micros, to_micros
from groundswell_storage.scope import Scope

SLICE = 1_000
"""Rows read at once, about 20 ms of a database thread."""

_json: Callable[[Any], Any] = PostRow.hashtags.python_value


class Span(NamedTuple):
    """The persona and time of the rows to read; empty and 0 mean any."""

    since: datetime
    """Inclusive."""
    until: datetime
    """Exclusive."""
    persona_id: str = ""
    platform: int = 0
    content_type: int = 0
    phase: str = ""
    """Restricts contexts only."""


class PostRecord(NamedTuple):
    """A post as pattern analysis uses it. Enums are the contract's numbers."""

    post_id: str
    context_id: str | None
    persona_id: str
    time_zone: str
    """IANA, of the persona."""
    platform: int
    content_type: int
    media_type: int
    caption: str
    hashtags: Sequence[str]
    mentions: Sequence[str]
    publish_time: datetime
    phase: str | None
    """Of its context at the moment of posting."""
    aged_rate_pct: float | None
    """Genuine engagement rate at the target age; None while it is not known."""
    rate_pct: float | None
    """By the newest metrics; this and the two that follow."""
    genuine_total: int
    filtered_total: int
    """Interactions of bots and AI personas."""


class Making(NamedTuple):
    """The making of a post, by its context at the moment of posting."""

    strategy: dict[str, Any] | None
    parameters: dict[str, Any] | None
    """The value of "parameters" in the input."""


class ContextRecord(NamedTuple):
    """A context with its result. Enums are the contract's numbers."""

    context_id: str
    persona_id: str
    phase: str
    complexity: int
    state: int
    validation: int
    rating: int
    agent_assigned: bool
    input: dict[str, Any]
    strategy: dict[str, Any] | None
    trace_artifacts: Sequence[dict[str, Any]]
    pattern: str
    """Name of the pattern that it confirmed, or empty."""
    rate_pct: float | None
    create_time: datetime
    platform: int | None
    """This and the next four fields are those of the post that was measured last; None without one."""
    media_type: int | None
    hashtag_count: int | None
    publish_time: datetime | None
    time_zone: str | None
    """IANA, of the persona under which it was posted."""


def posts(
    scope: Scope, span: Span, *, target_age: timedelta, known_by: datetime, after: PostRecord | None = None
) -> list[PostRecord]:
    """Returns the next `SLICE` posts of a span of publication, newest first; rates at `target_age` as of `known_by`."""
    where, given = _narrowed(span, "p", "publish_time", after and (after.publish_time, after.post_id))
    cursor = scope.execute(
        "SELECT p.id, p.context_id, p.persona_id, r.time_zone, p.platform, p.content_type, p.media_type, p.caption, "
        "p.hashtags, p.mentions, p.publish_time, c.phase, s.outcome_rate_pct, p.engagement_rate_pct, p.genuine_total, "
        "p.bots_filtered + p.personas_filtered FROM post p JOIN persona r ON r.id = p.persona_id "
        f"LEFT {OUTCOME}LEFT JOIN context_snapshot c ON c.post_id = p.id "
        f"WHERE p.workspace = ?{where}"
        f"{_equals('p.platform', span.platform)}{_equals('p.content_type', span.content_type)} "
        "ORDER BY p.publish_time DESC, p.id DESC LIMIT ?",
        (
            *outcome_at(target_age, known_by),
            scope.workspace,
            *given,
            *_given(span.platform, span.content_type),
            SLICE,
        ),
    )
    return [
        PostRecord._make((*row[:8], _json(row[8]), _json(row[9]), from_micros(row[10]), *row[11:]))
        for row in cursor.fetchall()
    ]


def makings(scope: Scope, post_ids: Iterable[str]) -> dict[str, Making]:
    """Returns the makings of some hundred posts at most, by post id; posts without a context are left out."""
    ids = list(post_ids)
    if not ids:
        return {}
    cursor = scope.execute(
        "SELECT post_id, strategy, input FROM context_snapshot "
        f"WHERE workspace = ? AND post_id IN ({', '.join('?' * len(ids))})",
        (scope.workspace, *ids),
    )
    return {
        post_id: Making(_json(strategy), parameters(_json(given))) for post_id, strategy, given in cursor.fetchall()
    }


def contexts(scope: Scope, span: Span, after: ContextRecord | None = None) -> list[ContextRecord]:
    """Returns the next `SLICE` contexts that were started in a span, newest first.

    With a platform, only contexts whose post measured last is on it, and contexts without a post.
    """
    where, given = _narrowed(span, "c", "create_time", after and (after.create_time, after.context_id))
    cursor = scope.execute(
        "SELECT c.id, c.persona_id, c.phase, c.complexity, c.state, c.validation, c.rating, c.assigned_agent, c.input, "
        "c.strategy, c.trace_artifacts, c.pattern, c.engagement_rate_pct, c.create_time, p.platform, p.media_type, "
        "p.hashtags, p.publish_time, r.time_zone FROM context c LEFT JOIN post p ON p.id = c.metrics_post_id "
        "LEFT JOIN persona r ON r.id = p.persona_id "
        f"WHERE c.workspace = ?{where}{_equals('c.phase', span.phase)}"
        f"{' AND (p.platform IS NULL OR p.platform = ?)' if span.platform else ''} "
        "ORDER BY c.create_time DESC, c.id DESC LIMIT ?",
        (scope.workspace, *given, *_given(span.phase, span.platform), SLICE),
    )
    return [_context_record(row) for row in cursor.fetchall()]


def parameters(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """Returns the value of "parameters" in a context's input, or None."""
    found = (given or {}).get("parameters")
    return found if isinstance(found, dict) and found else None


def _context_record(row: Sequence[Any]) -> ContextRecord:
    hashtags, published = row[16], row[17]
    return ContextRecord._make(
        (
            row[0],
            row[1] or "",
            *row[2:7],
            bool(row[7]),
            _json(row[8]) or {},
            _json(row[9]),
            _json(row[10]) or [],
            *row[11:13],
            from_micros(row[13]),
            *row[14:16],
            None if hashtags is None else len(_json(hashtags)),
            None if published is None else from_micros(published),
            row[18],
        )
    )


def _narrowed(span: Span, table: str, time: str, after: tuple[datetime, str] | None) -> tuple[str, list[object]]:
    """Returns the condition on time, place in the order and persona, with its parameters."""
    where = f" AND {table}.{time} >= ? AND {table}.{time} < ?"
    given: list[object] = [to_micros(span.since), to_micros(span.until)]
    if after is not None:
        # Not a comparison of pairs: on SQLite, that cannot use the index where the first column is bounded as well.
        where += f" AND {table}.{time} <= ? AND ({table}.{time} < ? OR {table}.id < ?)"
        given += [to_micros(after[0]), to_micros(after[0]), after[1]]
    return where + _equals(f"{table}.persona_id", span.persona_id), [*given, *_given(span.persona_id)]


def _equals(column: str, value: object) -> str:
    return f" AND {column} = ?" if value else ""


def _given(*values: object) -> list[object]:
    return [value for value in values if value]
