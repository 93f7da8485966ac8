"""Models that learn from each outcome: what they are by now, and which outcomes they have learnt from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from peewee import BigIntegerField, CompositeKey, DoubleField, TextField

from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class OnlineModelRow(Table):
    """The incremental twin of a model type, as it is by now."""

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
    """An outcome that was learnt from, with what was expected before."""

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
    """A twin. Its errors are means of absolute ones, the newest weighing most."""

    weights: Mapping[str, float]
    intercept: float
    learned_count: int
    """Outcomes that it has learnt from."""
    error: float | None
    """Of what it said of each before it learnt from it; None before the first."""
    model_id: str
    """The batch version that it was compared with; empty without one."""
    pair_count: int
    """Outcomes that neither had seen, since that version is live."""
    paired_error: float | None
    """Its own over these, as are the following two."""
    batch_error: float | None
    blended_error: float | None
    alpha: float | None
    """What 95% intervals of the batch version are to miss after these outcomes; None before the first."""


class LearntOutcome(NamedTuple):
    """An outcome, and what was expected before it was learnt."""

    post_id: str
    outcome: float
    said: float
    batch_said: float | None
    """None where no batch version was live, or had learnt from the post."""


def find(scope: Scope, model_type: str) -> OnlineModel | None:
    """The twin of a model type; None before it has learnt anything."""
    row = scope.select(OnlineModelRow).where(OnlineModelRow.model_type == model_type).first()
    return None if row is None else OnlineModel(**{name: getattr(row, name) for name in OnlineModel.__slots__})


def put(scope: Scope, model_type: str, model: OnlineModel) -> None:
    """Keeps a twin as it is now."""
    values = {name: getattr(model, name) for name in OnlineModel.__slots__} | {"update_time": scope.now}
    insert = scope.insert_query(OnlineModelRow, model_type=model_type, **values)
    key = [OnlineModelRow.workspace, OnlineModelRow.model_type]
    insert.on_conflict(conflict_target=key, update=values).execute()


def add_outcomes(scope: Scope, model_type: str, learnt: Iterable[LearntOutcome]) -> None:
    """Keeps which outcomes were learnt, so that none is learnt twice."""
    rows = [{**one._asdict(), "model_type": model_type, "create_time": scope.now} for one in learnt]
    scope.insert_many(OnlineOutcomeRow, rows)


def learnt(scope: Scope, model_type: str, post_ids: Collection[str]) -> set[str]:
    """Which of these posts were learnt from already."""
    row = OnlineOutcomeRow
    query = scope.select(row, row.post_id).where((row.model_type == model_type) & row.post_id.in_(list(post_ids)))
    return {found.post_id for found in query}
