"""Patterns: approaches of contexts that people liked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import DoubleField, SmallIntegerField, TextField

from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

MAX_READ = 20_000
"""The maximum number of patterns that are read, newest first."""


class PatternRow(Table):
    """An approach of one context that worked, by the reaction to a post of it or by a human's rating."""

    id = TextField(primary_key=True)
    name = TextField()
    """Such as `instagram_high_engagement`; many contexts confirm one pattern."""
    context_id = TextField()
    post_id = TextField(null=True)
    """The post whose metrics showed it; null when a rating did."""
    persona_id = TextField(null=True)
    platform = SmallIntegerField(default=0)
    description = TextField()
    """The approach in words, with its figures."""
    features = JsonField()
    engagement_rate_pct = DoubleField(null=True)
    create_time = InstantField()
    update_time = InstantField()

    class Meta:
        indexes = (
            (("workspace", "context_id", "name"), True),
            (("workspace", "name", "create_time"), False),
        )


class KeptPattern(NamedTuple):
    """The confirmation of a pattern by a context."""

    name: str
    context_id: str
    features: Mapping[str, Any]
    """The parts of the approach: see the callers of `store`."""


def store(
    scope: Scope,
    *,
    name: str,
    context_id: str,
    post_id: str | None,
    persona_id: str | None,
    platform: int,
    description: str,
    features: Mapping[str, Any],
    engagement_rate_pct: float | None,
) -> None:
    """Records that a context confirms a pattern, in place of its earlier confirmation."""
    values = {
        "post_id": post_id,
        "persona_id": persona_id,
        "platform": platform,
        "description": description,
        "features": dict(features),
        "engagement_rate_pct": engagement_rate_pct,
        "update_time": scope.now,
    }
    columns = ", ".join(f"{name} = ?" for name in values)
    written = [getattr(PatternRow, column).db_value(value) for column, value in values.items()]
    cursor = scope.execute(
        f"UPDATE pattern SET {columns} WHERE workspace = ? AND context_id = ? AND name = ?",
        (*written, scope.workspace, context_id, name),
    )
    if not cursor.rowcount:
        scope.insert(PatternRow, id=scope.new_id(), name=name, context_id=context_id, create_time=scope.now, **values)


def drop(scope: Scope, context_id: str, name: str) -> None:
    """Deletes a context's confirmation of a pattern, which later metrics contradict."""
    scope.delete(PatternRow).where((PatternRow.context_id == context_id) & (PatternRow.name == name)).execute()


def drop_all(scope: Scope, context_id: str) -> None:
    """Deletes all confirmations of a context, which a human's rating contradicts."""
    scope.delete(PatternRow).where(PatternRow.context_id == context_id).execute()


def drop_of_post(scope: Scope, context_id: str, post_id: str) -> None:
    """Deletes the confirmations that came from the metrics of a post of this context."""
    scope.execute(
        "DELETE FROM pattern WHERE workspace = ? AND context_id = ? AND post_id = ?",
        (scope.workspace, context_id, post_id),
    )


def list_for_context(scope: Scope, context_id: str) -> Sequence[PatternRow]:
    """Returns the patterns that a context confirms."""
    return scope.rows(PatternRow, "context_id = ? ORDER BY name", context_id)


def kept_since(scope: Scope, since: datetime, *, persona_id: str = "", platform: int = 0) -> list[KeptPattern]:
    """Returns the patterns that contexts confirmed from a moment on: the newest `MAX_READ`, newest first.

    Patterns that a rating confirmed have no platform and apply to any.
    """
    where = PatternRow.update_time >= since
    if persona_id:
        where &= PatternRow.persona_id == persona_id
    if platform:
        where &= PatternRow.platform.in_((0, platform))
    newest_first = PatternRow.update_time.desc(), PatternRow.id.desc()
    rows = scope.select(PatternRow).where(where).order_by(*newest_first).limit(MAX_READ)
    return [KeptPattern(row.name, row.context_id, row.features) for row in rows]
