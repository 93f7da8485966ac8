"""Predictions of live versions about texts, accounts and posts, with the labels that people gave these afterwards.

One row for a version and a subject, which is identified by a digest: neither texts nor accounts are stored. A label
that was known before the prediction does not score it, because the version may have learned from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from peewee import CompositeKey, TextField

from groundswell_storage.chunks import chunks
from groundswell_storage.database import Database
from groundswell_storage.fields import InstantField, JsonField, from_micros, to_json, to_micros
from groundswell_storage.learning import predictions
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class LabelledPredictionRow(Table):
    """A prediction of a version about a subject."""

    model_id = TextField()
    subject = TextField()
    """The subject, in short: `text:<digest>`, `profile:<digest>`, `context:<id>`."""
    probabilities = JsonField()
    """Probabilities by label."""
    features = JsonField(null=True)
    """As `PredictionRow.features`; null for predictions that do not use the features of posts."""
    served = InstantField()
    label = TextField(default="")
    """The true label; empty while it is unknown."""
    known = InstantField(null=True)
    """Time of the label."""

    class Meta:
        primary_key = CompositeKey("workspace", "model_id", "subject")
        indexes = (
            (("workspace", "model_id", "served"), False),
            (("workspace", "model_id", "known"), False),
            (("workspace", "subject"), False),
            (("served",), False),
        )


class ServedLabels(NamedTuple):
    """A prediction, to be stored."""

    model_id: str
    subject: str
    context_id: str
    """The predicted post's context; empty for texts and accounts."""
    probabilities: Mapping[str, float]
    features: dict[str, Any] | None
    served: datetime


class LabelledPrediction(NamedTuple):
    """A prediction with its label."""

    probabilities: Mapping[str, float]
    served: datetime
    label: str
    """Empty while it is unknown."""
    known: datetime | None
    features: dict[str, Any] | None


_CHUNK = 200
_COLUMNS = "probabilities, served, label, known, features"


def store(scope: Scope, served: Sequence[ServedLabels]) -> None:
    """Stores predictions, each in place of an earlier one that is not scored yet.

    Predictions of deleted versions, and of contexts with a post that was measured before, are left out.
    """
    models = predictions.existing(scope, {one.model_id for one in served})
    contexts = {one.context_id for one in served if one.context_id}
    measured = predictions.first_measured(scope, contexts) if contexts else {}
    wanted = [
        one
        for one in served
        if one.model_id in models and (one.context_id not in measured or one.served < measured[one.context_id])
    ]
    for chunk in chunks(wanted, _CHUNK):
        _store_chunk(scope, chunk)


def score(scope: Scope, model_type: str, labels: Mapping[str, str]) -> int:
    """Scores all earlier predictions of a type's versions with the labels of their subjects; returns their number."""
    scored = 0
    for subject in _predicted_subjects(scope, list(labels)):
        scored += scope.execute(
            "UPDATE labelled_prediction SET label = ?, known = ? WHERE workspace = ? AND subject = ? AND served <= ? "
            "AND model_id IN (SELECT id FROM model WHERE workspace = ? AND model_type = ?)",
            (
                labels[subject],
                to_micros(scope.now),
                scope.workspace,
                subject,
                to_micros(scope.now),
                scope.workspace,
                model_type,
            ),
        ).rowcount
    return scored


def judged(scope: Scope, model_id: str, *, since: datetime, until: datetime) -> list[LabelledPrediction]:
    """Returns the predictions of a version that were served from `since` and before `until`, in that order."""
    return _read(
        scope,
        model_id,
        "AND served >= ? AND served < ? ORDER BY served, subject",
        (to_micros(since), to_micros(until)),
    )


def newest_outcomes(scope: Scope, model_id: str, *, limit: int) -> list[LabelledPrediction]:
    """Returns the predictions of a version that were labelled last, in the order of labelling."""
    newest = "AND known IS NOT NULL ORDER BY known DESC, served DESC, subject DESC LIMIT ?"
    return _read(scope, model_id, newest, (limit,))[::-1]


def newest_served(scope: Scope, model_id: str, limit: int) -> list[dict[str, Any]]:
    """Returns the features of the predictions of a version that were served last and have any, in that order."""
    newest = "AND features IS NOT NULL ORDER BY served DESC, subject DESC LIMIT ?"
    return [one.features for one in reversed(_read(scope, model_id, newest, (limit,))) if one.features is not None]


def count_served(scope: Scope, model_id: str) -> int:
    """Returns the number of stored predictions of a version."""
    found: int = scope.select(LabelledPredictionRow).where(LabelledPredictionRow.model_id == model_id).count()
    return found


def remove_of_model(scope: Scope, model_id: str) -> None:
    """Deletes the predictions of a version."""
    scope.delete(LabelledPredictionRow).where(LabelledPredictionRow.model_id == model_id).execute()


def purge(database: Database, before: datetime) -> int:
    """Deletes predictions served before a moment, in all workspaces; returns their number. Needs a transaction."""
    sql = "DELETE FROM labelled_prediction WHERE served < ?"
    removed: int = database.execute(sql, (to_micros(before),)).rowcount
    return removed


_json: Any = LabelledPredictionRow.probabilities.python_value


def _store_chunk(scope: Scope, served: Sequence[ServedLabels]) -> None:
    parameters: list[object] = []
    for one in served:
        features = None if one.features is None else to_json(one.features)
        parameters += (scope.workspace, one.model_id, one.subject, to_json(dict(one.probabilities)), features)
        parameters += (to_micros(one.served), "")
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(served))
    scope.execute(
        "INSERT INTO labelled_prediction (workspace, model_id, subject, probabilities, features, served, label) "
        f"VALUES {marks} ON CONFLICT (workspace, model_id, subject) DO UPDATE SET "
        "probabilities = excluded.probabilities, features = excluded.features, served = excluded.served "
        "WHERE labelled_prediction.known IS NULL AND labelled_prediction.served <= excluded.served",
        parameters,
    )


def _predicted_subjects(scope: Scope, subjects: Sequence[str]) -> Iterable[str]:
    """Yields the subjects among these that have predictions."""
    for chunk in chunks(subjects, _CHUNK):
        rows = scope.execute(
            "SELECT DISTINCT subject FROM labelled_prediction "
            f"WHERE workspace = ? AND subject IN ({', '.join('?' * len(chunk))})",
            (scope.workspace, *chunk),
        ).fetchall()
        yield from sorted(subject for (subject,) in rows)


def _read(scope: Scope, model_id: str, condition: str, parameters: Sequence[object]) -> list[LabelledPrediction]:
    rows = scope.execute(
        f"SELECT {_COLUMNS} FROM labelled_prediction WHERE workspace = ? AND model_id = ? {condition}",
        (scope.workspace, model_id, *parameters),
    ).fetchall()
    return [
        LabelledPrediction(
            _json(probabilities), from_micros(served), label, known and from_micros(known), _json(features)
        )
        for probabilities, served, label, known, features in rows
    ]
