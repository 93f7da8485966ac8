"""Experiments as they were designed, and the phases they went through."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from peewee import BigAutoField, BigIntegerField, CompositeKey, DoubleField, IntegerField, SmallIntegerField, TextField

from groundswell_storage.errors import NotFound
from groundswell_storage.experiments import bulk
from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class ExperimentRow(Table):
    """An experiment."""

    number = BigAutoField()
    """Short name of it in the tables of what is counted, unique in the deployment."""
    id = TextField(unique=True)
    key = TextField()
    state = SmallIntegerField()
    design = JsonField()
    sticky_version = IntegerField(default=0)
    """The `bucket_version` under which the split was changed last; 0 for never. Under it, units that were enrolled
    before have to be looked up, for the split no longer says what they got."""
    planned_look = JsonField(null=True)
    """What the look at the planned size came to, which counts once; null before it."""
    winner = TextField(default="")
    end_reason = TextField(default="")
    version = IntegerField(default=1)
    moves = BigIntegerField(default=0)
    """How often a unit's exposure was changed. Who remembers where units stand remembers it for this number."""
    create_time = InstantField()
    update_time = InstantField()
    start_time = InstantField(null=True)
    end_time = InstantField(null=True)

    class Meta:
        indexes = (
            (("workspace", "key"), True),
            (("workspace", "create_time", "id"), False),
            (("state", "number"), False),
        )


class ExperimentPhaseRow(Table):
    """A time in which the split of an experiment did not change."""

    experiment = BigIntegerField()
    number = SmallIntegerField()
    weights = JsonField()
    coverage = DoubleField()
    bucket_version = IntegerField(default=1)
    reason = TextField()
    start_time = InstantField()
    end_time = InstantField(null=True)

    class Meta:
        primary_key = CompositeKey("experiment", "number")


class Version(NamedTuple):
    """By what is told whether what is remembered of an experiment is still true."""

    version: int
    moves: int


def by_key(scope: Scope, key: str, *, lock: bool = False) -> ExperimentRow:
    """The experiment of this key; raises NotFound. `lock` keeps others from changing it until the transaction ends."""
    query = scope.select(ExperimentRow).where(ExperimentRow.key == key)
    if lock and scope.database.dialect != "sqlite":
        query = query.for_update()
    found: ExperimentRow | None = query.first()
    if found is None:
        raise NotFound("experiment", key)
    return found


def by_keys(scope: Scope, keys: Collection[str]) -> dict[str, ExperimentRow]:
    """The experiments of these keys, as far as there are any."""
    return {row.key: row for row in scope.select(ExperimentRow).where(ExperimentRow.key.in_(list(keys)))}


def versions(scope: Scope, keys: Collection[str], *, hold: bool) -> dict[str, Version]:
    """The versions of the experiments of these keys; with `hold` they stay so until the transaction ends."""
    tail = " FOR SHARE" if hold and scope.database.dialect != "sqlite" else ""
    those, given = bulk.among(scope, "text", keys)
    rows = scope.execute(
        f"SELECT key, version, moves FROM experiment WHERE workspace = ? AND key {those} ORDER BY number{tail}",
        (scope.workspace, given),
    )
    return {row[0]: Version(row[1], row[2]) for row in rows.fetchall()}


def count_move(scope: Scope, experiment: int) -> None:
    """A unit is about to stand elsewhere; returns when nobody holds the experiment any more."""
    scope.update(ExperimentRow, moves=ExperimentRow.moves + 1).where(ExperimentRow.number == experiment).execute()


def page(scope: Scope, *, states: Sequence[int], page_size: int, page_token: str) -> Page[ExperimentRow]:
    """One page of the experiments in one of these states, newest first."""
    return read_page(
        scope.select(ExperimentRow).where(ExperimentRow.state.in_(list(states))),
        time=ExperimentRow.create_time,
        id=ExperimentRow.id,
        page_size=page_size,
        page_token=page_token,
    )


def phases(scope: Scope, numbers: Sequence[int]) -> dict[int, list[ExperimentPhaseRow]]:
    """The phases of these experiments, in order."""
    found: dict[int, list[ExperimentPhaseRow]] = {number: [] for number in numbers}
    query = scope.select(ExperimentPhaseRow).where(ExperimentPhaseRow.experiment.in_(list(numbers)))
    for row in query.order_by(ExperimentPhaseRow.experiment, ExperimentPhaseRow.number):
        found[row.experiment].append(row)
    return found


def close_phase(scope: Scope, experiment: int) -> None:
    """Ends the phase that lasts, if there is one."""
    scope.update(ExperimentPhaseRow, end_time=scope.now).where(
        ExperimentPhaseRow.experiment == experiment, ExperimentPhaseRow.end_time.is_null()
    ).execute()
