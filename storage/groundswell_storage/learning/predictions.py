"""Predictions that were served for stored contexts, with their outcomes, by which a live model is monitored.

One row for a context and a version: the last prediction before anything was measured. The outcome is joined when it is
read, so that it follows later verdicts on the interactions behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from peewee import CompositeKey, DoubleField, SmallIntegerField, TextField

from groundswell_storage.chunks import chunks
from groundswell_storage.database import Database
from groundswell_storage.engagement.outcomes import OUTCOME, outcome_at
from groundswell_storage.fields import InstantField, JsonField, from_micros, to_json, to_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class PredictionRow(Table):
    """A prediction of a version for a context before its post was measured."""

    model_id = TextField()
    context_id = TextField()
    platform = SmallIntegerField()
    """The platform of the planned post, 0 for unknown."""
    features = JsonField()
    """`values`, in the order of the model's features, null for unknown; and `category`."""
    value = DoubleField()
    lower = DoubleField(null=True)
    upper = DoubleField(null=True)
    served = InstantField()

    class Meta:
        primary_key = CompositeKey("workspace", "model_id", "context_id")
        indexes = ((("workspace", "model_id", "served"), False), (("served",), False))


class ServedPrediction(NamedTuple):
    """A prediction, to be stored."""

    model_id: str
    context_id: str
    platform: int
    features: dict[str, Any]
    value: float
    """In the unit of the predicted quantity."""
    lower: float | None
    """Lower end of the 95% interval; None without an interval, or where it is infinite."""
    upper: float | None
    served: datetime


class JudgedPrediction(NamedTuple):
    """A prediction with its outcome."""

    value: float
    lower: float | None
    upper: float | None
    served: datetime
    outcome_rate_pct: float | None
    """The rate of the context's post at the target age; None while it is not known."""
    known: datetime | None
    """Time of that measurement."""
    features: dict[str, Any]
    context_id: str = ""
    persona_id: str = ""
    """The persona of the post; empty without a post."""


_COLUMNS = "workspace, model_id, context_id, platform, features, value, lower, upper, served"
_AT_ONCE = 200


def store(scope: Scope, predictions: Sequence[ServedPrediction]) -> None:
    """Stores predictions, each in place of an earlier one for the same context and version.

    Predictions of contexts with a post that was measured before, and of deleted versions, are left out.
    """
    for chunk in chunks(predictions, _AT_ONCE):
        _store_chunk(scope, chunk)


def judged(
    scope: Scope, model_id: str, *, target_age: timedelta, since: datetime, until: datetime
) -> list[JudgedPrediction]:
    """Returns the predictions of a version that were served from `since` and before `until`, in that order.

    The outcome is that of the context's first post on the platform, in its first snapshot of the target age or older.
    """
    return list(
        _judged(
            scope,
            "LEFT ",
            "r.served >= ? AND r.served < ? ORDER BY r.served, r.context_id",
            (model_id, to_micros(since), to_micros(until)),
            target_age,
        )
    )


def newest_outcomes(scope: Scope, model_id: str, *, target_age: timedelta, limit: int) -> list[JudgedPrediction]:
    """Returns the predictions of a version with the latest known outcomes, in the order in which these became known."""
    newest = _judged(
        scope, "", "1 = 1 ORDER BY s.fetch_time DESC, r.context_id DESC LIMIT ?", (model_id, limit), target_age
    )
    return list(newest)[::-1]


def list_for_posts(
    scope: Scope, model_id: str, post_ids: Sequence[str], *, target_age: timedelta, since: datetime
) -> list[JudgedPrediction]:
    """Returns a version's predictions from `since` on for the contexts of posts whose outcome is known."""
    contexts = f"SELECT n.context_id FROM post n WHERE n.workspace = ? AND n.id IN ({', '.join('?' * len(post_ids))})"
    return list(
        _judged(
            scope,
            "",
            f"r.served >= ? AND r.context_id IN ({contexts}) ORDER BY s.fetch_time, r.context_id",
            (model_id, to_micros(since), scope.workspace, *post_ids),
            target_age,
        )
    )


def newest_served(scope: Scope, model_id: str, limit: int) -> list[dict[str, Any]]:
    """Returns the features of the predictions of a version that were served last, in that order."""
    rows = scope.execute(
        "SELECT features FROM prediction WHERE workspace = ? AND model_id = ? ORDER BY served DESC, context_id DESC "
        "LIMIT ?",
        (scope.workspace, model_id, limit),
    ).fetchall()
    return [_json(row[0]) for row in reversed(rows)]


def count_served(scope: Scope, model_id: str) -> int:
    """Returns the number of stored predictions of a version."""
    found: int = scope.select(PredictionRow).where(PredictionRow.model_id == model_id).count()
    return found


def remove_of_model(scope: Scope, model_id: str) -> None:
    """Deletes the predictions of a version."""
    scope.delete(PredictionRow).where(PredictionRow.model_id == model_id).execute()


def purge(database: Database, before: datetime) -> int:
    """Deletes predictions served before a moment, in all workspaces; returns their number. Needs a transaction."""
    removed: int = database.execute("DELETE FROM prediction WHERE served < ?", (to_micros(before),)).rowcount
    return removed


_json: Any = PredictionRow.features.python_value


def _store_chunk(scope: Scope, predictions: Sequence[ServedPrediction]) -> None:
    measured = first_measured(scope, {one.context_id for one in predictions})
    models = existing(scope, {one.model_id for one in predictions})
    parameters: list[object] = []
    for one in predictions:
        if one.model_id in models and (one.context_id not in measured or one.served < measured[one.context_id]):
            features, served = to_json(one.features), to_micros(one.served)
            parameters += (scope.workspace, one.model_id, one.context_id, one.platform, features)
            parameters += (one.value, one.lower, one.upper, served)
    if not parameters:
        return
    width = len(_COLUMNS.split(", "))
    rows = ", ".join([f"({', '.join('?' * width)})"] * (len(parameters) // width))
    changed = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[3:])
    scope.execute(
        f"INSERT INTO prediction ({_COLUMNS}) VALUES {rows} ON CONFLICT (workspace, model_id, context_id) "
        f"DO UPDATE SET {changed} WHERE prediction.served <= excluded.served",
        parameters,
    )


def first_measured(scope: Scope, context_ids: Collection[str]) -> dict[str, datetime]:
    """Returns the times at which a post of these contexts was first measured, by context."""
    rows = scope.execute(
        "SELECT p.context_id, MIN(m.fetch_time) FROM post p JOIN metric_snapshot m ON m.post_id = p.id "
        f"WHERE p.workspace = ? AND p.context_id IN ({', '.join('?' * len(context_ids))}) GROUP BY p.context_id",
        (scope.workspace, *context_ids),
    ).fetchall()
    return {context_id: from_micros(fetched) for context_id, fetched in rows}


def existing(scope: Scope, model_ids: Collection[str]) -> set[str]:
    """Returns those of these versions that still exist."""
    marks = ", ".join("?" * len(model_ids))
    rows = scope.execute(
        f"SELECT id FROM model WHERE workspace = ? AND id IN ({marks})", (scope.workspace, *model_ids)
    ).fetchall()
    return {row[0] for row in rows}


def _judged(
    scope: Scope, outer: str, condition: str, parameters: Sequence[object], target_age: timedelta
) -> Iterator[JudgedPrediction]:
    model_id, *rest = parameters
    cursor = scope.execute(
        "SELECT r.value, r.lower, r.upper, r.served, s.outcome_rate_pct, s.fetch_time, r.features, r.context_id, "
        "p.persona_id FROM prediction r "
        f"{outer}JOIN post p ON p.id = (SELECT n.id FROM post n WHERE n.workspace = r.workspace "
        "AND n.context_id = r.context_id AND (r.platform = 0 OR n.platform = r.platform) "
        "ORDER BY n.publish_time LIMIT 1) "
        f"{outer}{OUTCOME}WHERE r.workspace = ? AND r.model_id = ? AND {condition}",
        (*outcome_at(target_age, scope.now), scope.workspace, model_id, *rest),
    )
    for value, lower, upper, served, rate, fetched, features, context_id, persona_id in cursor.fetchall():
        known = None if fetched is None else from_micros(fetched)
        yield JudgedPrediction(
            value, lower, upper, from_micros(served), rate, known, _json(features), context_id, persona_id or ""
        )
