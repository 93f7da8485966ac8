"""Experiments and their phases."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from peewee import BigAutoField, BigIntegerField, CompositeKey, DoubleField, IntegerField, SmallIntegerField, TextField

from groundswell_storage.events.topics import EXPERIMENT_CHANGED
from groundswell_storage.experiments import bulk
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.experiments.keys import KeyedResource
from groundswell_storage.fields import EnumField, InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class ExperimentRow(KeyedResource):
    """The design and the state of an experiment."""

    number = BigAutoField()
    """The number of the experiment in the tables of counts, unique in the deployment."""
    id = TextField(unique=True)
    key = TextField()
    state = EnumField(ExperimentState)
    design = JsonField()
    sticky_version = IntegerField(default=0)
    """The `bucket_version` under which the split was last changed; 0 for never. Under this version the enrolments of
    units are looked up, because the split may disagree with them."""
    planned_decision = JsonField(null=True)
    """The decision of the analysis at the planned size, which counts once; null before it."""
    winner = TextField(default="")
    end_reason = TextField(default="")
    moves = BigIntegerField(default=0)
    """The number of changes of units' exposures. Cached variants of units are valid for one value of it."""
    start_time = InstantField(null=True)
    end_time = InstantField(null=True)

    topic = EXPERIMENT_CHANGED
    audited = ("state", "winner", "version", "design")
    audited_always = audited

    class Meta:
        indexes = (
            (("workspace", "key"), True),
            (("workspace", "create_time", "id"), False),
            (("state", "number"), False),
        )


class ExperimentPhaseRow(Table):
    """A period in which the split of an experiment did not change."""

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
    """The numbers by which the validity of cached data of an experiment is checked."""

    version: int
    moves: int


def versions(scope: Scope, keys: Collection[str], *, hold: bool) -> dict[str, Version]:
    """Returns the versions of these experiments; `hold` prevents changes until the transaction ends."""
    tail = " FOR SHARE" if hold and scope.database.dialect != "sqlite" else ""
    those, given = bulk.among(scope, "text", keys)
    rows = scope.execute(
        f"SELECT key, version, moves FROM experiment WHERE workspace = ? AND key {those} ORDER BY number{tail}",
        (scope.workspace, given),
    )
    return {row[0]: Version(row[1], row[2]) for row in rows.fetchall()}


def count_move(scope: Scope, experiment: int) -> None:
    """Counts a change of a unit's exposure, before the change; waits for transactions that hold the experiment."""
    scope.update(ExperimentRow, moves=ExperimentRow.moves + 1).where(ExperimentRow.number == experiment).execute()


def phases(scope: Scope, numbers: Sequence[int]) -> dict[int, list[ExperimentPhaseRow]]:
    """Returns the phases of these experiments, in order."""
    found: dict[int, list[ExperimentPhaseRow]] = {number: [] for number in numbers}
    query = scope.select(ExperimentPhaseRow).where(ExperimentPhaseRow.experiment.in_(list(numbers)))
    for row in query.order_by(ExperimentPhaseRow.experiment, ExperimentPhaseRow.number):
        found[row.experiment].append(row)
    return found


def close_phase(scope: Scope, experiment: int) -> None:
    """Ends the current phase, if there is one."""
    scope.update(ExperimentPhaseRow, end_time=scope.now).where(
        ExperimentPhaseRow.experiment == experiment, ExperimentPhaseRow.end_time.is_null()
    ).execute()
