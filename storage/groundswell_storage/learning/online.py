"""Online models, which learn from each outcome: their current state, and the outcomes they have learned from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from peewee import BigIntegerField, CompositeKey, DoubleField, TextField

from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class OnlineModelRow(Table):
    """The current state of the online model of a model type."""

    model_type = TextField()
    weights = JsonField()
    intercept = DoubleField()
    learned_count = BigIntegerField()
    error = DoubleField(null=True)
    model_id = TextField()
    pair_count = BigIntegerField()
    paired_error = DoubleField(null=True)
    batch_error = DoubleField(null=True)
    blended_error = DoubleField(null=True)
    alpha = DoubleField(null=True)
    update_time = InstantField()

    class Meta:
        primary_key = CompositeKey("workspace", "model_type")


class OnlineOutcomeRow(Table):
    """An outcome that was learned from, with the predictions made before."""

    model_type = TextField()
    post_id = TextField()
    outcome = DoubleField()
    said = DoubleField()
    batch_said = DoubleField(null=True)
    create_time = InstantField()

    class Meta:
        primary_key = CompositeKey("workspace", "model_type", "post_id")


@dataclass(frozen=True, slots=True)
class OnlineModel:
    """An online model. Its errors are means of absolute errors in which the newest weigh most."""

    weights: Mapping[str, float]
    intercept: float
    learned_count: int
    """Outcomes that it has learned from."""
    error: float | None
    """Error of its predictions before it learned from each outcome; None before the first."""
    model_id: str
    """The batch version that it was compared with, or empty."""
    pair_count: int
    """Outcomes since that version went live that neither model had learned from."""
    paired_error: float | None
    """The error of the online model over these outcomes. The next two errors are over the same outcomes."""
    batch_error: float | None
    blended_error: float | None
    alpha: float | None
    """Share of outcomes that the batch version's 95% intervals are set to miss; None before the first."""


class LearntOutcome(NamedTuple):
    """An outcome, with the predictions made before it was learned from."""

    post_id: str
    outcome: float
    said: float
    batch_said: float | None
    """None where no batch version was live, or where it had learned from the post."""


def find(scope: Scope, model_type: str) -> OnlineModel | None:
    """Returns the online model of a model type; None before it has learned anything."""
    row = scope.select(OnlineModelRow).where(OnlineModelRow.model_type == model_type).first()
    return None if row is None else OnlineModel(**{name: getattr(row, name) for name in OnlineModel.__slots__})


def put(scope: Scope, model_type: str, model: OnlineModel) -> None:
    """Stores the current state of an online model."""
    values = {name: getattr(model, name) for name in OnlineModel.__slots__} | {"update_time": scope.now}
    insert = scope.insert_query(OnlineModelRow, model_type=model_type, **values)
    key = [OnlineModelRow.workspace, OnlineModelRow.model_type]
    insert.on_conflict(conflict_target=key, update=values).execute()


def add_outcomes(scope: Scope, model_type: str, learnt: Iterable[LearntOutcome]) -> None:
    """Records learned outcomes, so that none is learned twice."""
    rows = [{**one._asdict(), "model_type": model_type, "create_time": scope.now} for one in learnt]
    scope.insert_many(OnlineOutcomeRow, rows)


def learnt(scope: Scope, model_type: str, post_ids: Collection[str]) -> set[str]:
    """Returns those of these posts that were learned from already."""
    row = OnlineOutcomeRow
    query = scope.select(row, row.post_id).where((row.model_type == model_type) & row.post_id.in_(list(post_ids)))
    return {found.post_id for found in query}
