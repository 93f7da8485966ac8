"""The history of scheduled interim analyses, bounded for each experiment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from peewee import BigIntegerField, CompositeKey, IntegerField, SmallIntegerField

from groundswell_storage.database import Database
from groundswell_storage.experiments import keys
from groundswell_storage.experiments.designs import ExperimentRow
from groundswell_storage.fields import InstantField, JsonField, from_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class InterimAnalysisRow(Table):
    """A scheduled interim analysis."""

    experiment = BigIntegerField()
    minute = IntegerField()
    """The minute of the experiment's life, from 0. Of two simultaneous analyses one is stored."""
    time = InstantField()
    units = BigIntegerField()
    verdict = SmallIntegerField()
    comparisons = JsonField()
    """Difference, lower and upper bound of each variant except the control, in the order of the design."""

    class Meta:
        primary_key = CompositeKey("experiment", "minute")


class StoredComparison(NamedTuple):
    """A variant compared with the control on the primary metric; bounds are None for an unbounded interval."""

    difference: float
    lower: float | None
    upper: float | None


class StoredAnalysis(NamedTuple):
    """The result of an interim analysis at one time, without posteriors."""

    time: datetime
    units: int
    verdict: int
    comparisons: Sequence[StoredComparison]


RUNNING = (
    "SELECT e.workspace, e.key, e.start_time, "
    "(SELECT MAX(a.minute) FROM interim_analysis a WHERE a.experiment = e.number) "
    "FROM experiment e WHERE e.state = ? ORDER BY e.number"
)


class Running(NamedTuple):
    """A running experiment."""

    workspace: str
    key: str
    start_time: datetime
    last_minute: int
    """The minute of its last analysis; -1 before the first."""


def running(database: Database, state: int) -> list[Running]:
    """Returns the experiments of all workspaces in this state, each with the minute of its last analysis."""
    rows = database.execute(RUNNING, (state,)).fetchall()
    return [Running(row[0], row[1], from_micros(row[2]), -1 if row[3] is None else row[3]) for row in rows]


def store(scope: Scope, experiment: int, minute: int, step: int, analysis: StoredAnalysis) -> bool:
    """Stores an analysis, and removes those whose minute is not a multiple of `step`, a power of two.

    Returns False when an analysis of this minute is already stored.
    """
    row = {**analysis._asdict(), "experiment": experiment, "minute": minute}
    if not scope.insert_many(InterimAnalysisRow, [row], skip_existing=True):
        return False
    between = InterimAnalysisRow.minute.bin_and(step - 1) != 0
    scope.delete(InterimAnalysisRow).where(InterimAnalysisRow.experiment == experiment, between).execute()
    return True


def read(scope: Scope, key: str) -> list[StoredAnalysis]:
    """Returns the stored analyses of an experiment, oldest first; raises NotFound."""
    number = keys.get(scope, ExperimentRow, key).number
    query = (
        scope.select(InterimAnalysisRow)
        .where(InterimAnalysisRow.experiment == number)
        .order_by(InterimAnalysisRow.minute)
    )
    return [
        StoredAnalysis(row.time, row.units, row.verdict, [StoredComparison(*one) for one in row.comparisons])
        for row in query
    ]
