"""What workers found when they looked at experiments by the clock: a bounded history of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from peewee import BigIntegerField, CompositeKey, IntegerField, SmallIntegerField

from groundswell_storage.database import Database
from groundswell_storage.experiments import designs
from groundswell_storage.fields import InstantField, JsonField, from_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class PastLookRow(Table):
    """A look at an experiment."""

    experiment = BigIntegerField()
    minute = IntegerField()
    """Of the experiment's life, from 0: two workers that look at the same time keep one look."""
    time = InstantField()
    units = BigIntegerField()
    verdict = SmallIntegerField()
    comparisons = JsonField()
    """Of the variants but the control, in the order of the design: difference, lower and upper bound."""

    class Meta:
        primary_key = CompositeKey("experiment", "minute")


class PastComparison(NamedTuple):
    """A variant against the control on the primary metric; bounds are None where nothing bounds the difference."""

    difference: float
    lower: float | None
    upper: float | None


class PastLook(NamedTuple):
    """A look that was kept."""

    time: datetime
    units: int
    verdict: int
    comparisons: Sequence[PastComparison]


RUNNING = (
    "SELECT e.workspace, e.key, e.start_time, (SELECT MAX(l.minute) FROM past_look l WHERE l.experiment = e.number) "
    "FROM experiment e WHERE e.state = ? ORDER BY e.number"
)


class Running(NamedTuple):
    """An experiment that runs."""

    workspace: str
    key: str
    start_time: datetime
    last_minute: int
    """Of its last look; -1 before the first."""


def running(database: Database, state: int) -> list[Running]:
    """The experiments of all workspaces in this state, each with its last look."""
    rows = database.execute(RUNNING, (state,)).fetchall()
    return [Running(row[0], row[1], from_micros(row[2]), -1 if row[3] is None else row[3]) for row in rows]


def keep(scope: Scope, experiment: int, minute: int, step: int, look: PastLook) -> bool:
    """Keeps a look, and of the earlier ones those whose minute is a multiple of `step`, a power of two.

    False when there is one of this minute already, which stays.
    """
    row = {**look._asdict(), "experiment": experiment, "minute": minute}
    if not scope.insert_many(PastLookRow, [row], skip_existing=True):
        return False
    between = PastLookRow.minute.bin_and(step - 1) != 0
    scope.delete(PastLookRow).where(PastLookRow.experiment == experiment, between).execute()
    return True


def read(scope: Scope, key: str) -> list[PastLook]:
    """The looks that were kept of an experiment, oldest first; raises NotFound."""
    number = designs.by_key(scope, key).number
    query = scope.select(PastLookRow).where(PastLookRow.experiment == number).order_by(PastLookRow.minute)
    return [
        PastLook(row.time, row.units, row.verdict, [PastComparison(*one) for one in row.comparisons]) for row in query
    ]
