"""What is counted: units and their exposures, events once each, and the sums that every analysis needs.

An event costs the same however many came before it. Rows are narrow and keyed by integers, batches come sorted by key,
and the sums of an arm are kept as events arrive, so that no analysis reads events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    DoubleField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from groundswell_storage.fields import BytesField, InstantField, to_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

SUMS = ("y", "z", "x", "yy", "zz", "xx", "yz", "yx", "zx")
"""The sums over the units of an arm that are kept for each metric, in the order of their columns."""
_AT_ONCE = 500
"""Rows in one statement."""


class ExperimentUnitRow(Table):
    """Who or what takes part in experiments, named once."""

    number = BigAutoField()
    unit = TextField()

    class Meta:
        indexes = ((("workspace", "unit"), True),)


class ExposureRow(Table):
    """A unit in an experiment, from its first exposure on."""

    experiment = BigIntegerField()
    unit = BigIntegerField()
    variant = SmallIntegerField()
    phase = SmallIntegerField()
    bucket_version = IntegerField()
    crossed = BooleanField(default=False)
    """It was seen in two variants, and counts in neither."""
    created = InstantField()

    class Meta:
        primary_key = CompositeKey("experiment", "unit")


class ExperimentEventRow(Table):
    """An event, by the id its client gave it."""

    experiment = BigIntegerField()
    id = BytesField()
    unit = BigIntegerField()
    name = TextField()
    value = DoubleField()
    time = InstantField()

    class Meta:
        primary_key = CompositeKey("experiment", "id")


class UnitTotalRow(Table):
    """What a unit's events of one metric add up to."""

    experiment = BigIntegerField()
    metric = SmallIntegerField()
    unit = BigIntegerField()
    y = DoubleField()
    z = DoubleField()
    x = DoubleField()

    class Meta:
        primary_key = CompositeKey("experiment", "metric", "unit")


class ArmRow(Table):
    """The units of a variant in a phase."""

    experiment = BigIntegerField()
    phase = SmallIntegerField()
    variant = SmallIntegerField()
    units = BigIntegerField()
    crossed = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("experiment", "phase", "variant")


class ArmSumRow(Table):
    """The sums of one metric over the units of a variant in a phase."""

    experiment = BigIntegerField()
    phase = SmallIntegerField()
    variant = SmallIntegerField()
    metric = SmallIntegerField()
    y = DoubleField()
    z = DoubleField()
    x = DoubleField()
    yy = DoubleField()
    zz = DoubleField()
    xx = DoubleField()
    yz = DoubleField()
    yx = DoubleField()
    zx = DoubleField()

    class Meta:
        primary_key = CompositeKey("experiment", "phase", "variant", "metric")


class Exposure(NamedTuple):
    """Where a unit stands."""

    variant: int
    phase: int
    bucket_version: int
    crossed: bool


class Occurrence(NamedTuple):
    """An event to record."""

    id: bytes
    unit: int
    name: str
    value: float
    time: Any
    """datetime"""


class Total(NamedTuple):
    """What a unit's events of a metric add, or add up to."""

    metric: int
    unit: int
    y: float
    z: float
    x: float


Arm = tuple[int, int]
"""Phase and variant."""


def unit_numbers(scope: Scope, units: Collection[str]) -> dict[str, int]:
    """The numbers of units; those never seen get one."""
    found = _numbers(scope, units)
    missing = sorted(set(units) - found.keys())
    if missing:
        scope.insert_many(ExperimentUnitRow, ({"unit": unit} for unit in missing), skip_existing=True)
        found |= _numbers(scope, missing)
    return found


def find_units(scope: Scope, units: Collection[str]) -> dict[str, int]:
    """The numbers of those units that were ever seen."""
    return _numbers(scope, units)


def exposures(scope: Scope, experiment: int, units: Collection[int], *, lock: bool = False) -> dict[int, Exposure]:
    """Where these units stand, those that take part. `lock` keeps them there until the transaction ends."""
    found: dict[int, Exposure] = {}
    tail = " ORDER BY unit FOR UPDATE" if lock and scope.database.dialect != "sqlite" else ""
    for chunk in _chunks(sorted(units)):
        rows = scope.execute(
            f"SELECT unit, variant, phase, bucket_version, crossed FROM exposure WHERE workspace = ? AND "
            f"experiment = ? AND unit IN ({_marks(len(chunk))}){tail}",
            (scope.workspace, experiment, *chunk),
        )
        found |= {row[0]: Exposure(row[1], row[2], row[3], bool(row[4])) for row in rows.fetchall()}
    return found


def enrol(scope: Scope, experiment: int, standing: Mapping[int, Exposure]) -> set[int]:
    """Records first exposures; returns the units that had none. The others stay where they are."""
    now, fresh = to_micros(scope.now), set()
    crossed: object = 0 if scope.database.dialect == "sqlite" else False
    for chunk in _chunks(sorted(standing.items())):
        rows = [
            (scope.workspace, experiment, unit, one.variant, one.phase, one.bucket_version, crossed, now)
            for unit, one in chunk
        ]
        fresh |= {row[0] for row in _insert_new(scope, "exposure", _EXPOSURE, rows, "unit")}
    return fresh


def move(scope: Scope, experiment: int, unit: int, exposure: Exposure) -> None:
    """A unit stands elsewhere now."""
    scope.update(ExposureRow, **exposure._asdict()).where(
        ExposureRow.experiment == experiment, ExposureRow.unit == unit
    ).execute()


def insert_events(scope: Scope, experiment: int, events: Sequence[Occurrence]) -> set[bytes]:
    """Records events; returns the ids of those that were not there yet."""
    fresh: set[bytes] = set()
    for chunk in _chunks(sorted(events)):
        rows = [
            (scope.workspace, experiment, one.id, one.unit, one.name, one.value, to_micros(one.time)) for one in chunk
        ]
        fresh |= {bytes(row[0]) for row in _insert_new(scope, "experiment_event", _EVENT, rows, "id")}
    return fresh


def add_totals(scope: Scope, experiment: int, totals: Iterable[Total]) -> Iterator[Total]:
    """Adds to what units' events add up to; yields what they add up to now. One row per unit and metric."""
    for chunk in _chunks(sorted(totals)):
        rows = [(scope.workspace, experiment, *one) for one in chunk]
        yield from (
            Total(*row)
            for row in scope.execute(
                f"INSERT INTO unit_total (workspace, experiment, metric, unit, y, z, x) VALUES {_rows(rows)} "
                "ON CONFLICT (experiment, metric, unit) DO UPDATE SET y = unit_total.y + excluded.y, "
                "z = unit_total.z + excluded.z, x = unit_total.x + excluded.x RETURNING metric, unit, y, z, x",
                [value for row in rows for value in row],
            ).fetchall()
        )


def totals_of(scope: Scope, experiment: int, unit: int) -> list[Total]:
    """What a unit's events add up to, by metric."""
    rows = scope.execute(
        "SELECT metric, unit, y, z, x FROM unit_total WHERE workspace = ? AND experiment = ? AND unit = ?",
        (scope.workspace, experiment, unit),
    )
    return [Total(*row) for row in rows.fetchall()]


def add_units(scope: Scope, experiment: int, arms: Mapping[Arm, tuple[int, int]]) -> None:
    """Adds to the units of arms, and to those among them that crossed."""
    rows = [(scope.workspace, experiment, *arm, *counts) for arm, counts in sorted(arms.items())]
    if rows:
        scope.execute(
            f"INSERT INTO arm (workspace, experiment, phase, variant, units, crossed) VALUES {_rows(rows)} "
            "ON CONFLICT (experiment, phase, variant) DO UPDATE SET units = arm.units + excluded.units, "
            "crossed = arm.crossed + excluded.crossed",
            [value for row in rows for value in row],
        )


def add_sums(scope: Scope, experiment: int, sums: Mapping[tuple[int, int, int], Sequence[float]]) -> None:
    """Adds to the sums (`SUMS`) of arms, by phase, variant and metric."""
    columns = ", ".join(SUMS)
    added = ", ".join(f"{name} = arm_sum.{name} + excluded.{name}" for name in SUMS)
    for chunk in _chunks(sorted(sums.items())):
        rows = [(scope.workspace, experiment, *key, *values) for key, values in chunk]
        scope.execute(
            f"INSERT INTO arm_sum (workspace, experiment, phase, variant, metric, {columns}) VALUES {_rows(rows)} "
            f"ON CONFLICT (experiment, phase, variant, metric) DO UPDATE SET {added}",
            [value for row in rows for value in row],
        )


def read_units(scope: Scope, experiment: int) -> dict[Arm, tuple[int, int]]:
    """Units by arm, and how many crossed."""
    rows = scope.execute(
        "SELECT phase, variant, units, crossed FROM arm WHERE workspace = ? AND experiment = ?",
        (scope.workspace, experiment),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows.fetchall()}


def read_sums(scope: Scope, experiment: int) -> dict[tuple[int, int, int], tuple[float, ...]]:
    """The sums (`SUMS`) by phase, variant and metric."""
    rows = scope.execute(
        f"SELECT phase, variant, metric, {', '.join(SUMS)} FROM arm_sum WHERE workspace = ? AND experiment = ?",
        (scope.workspace, experiment),
    )
    return {(row[0], row[1], row[2]): tuple(row[3:]) for row in rows.fetchall()}


_EXPOSURE = "workspace, experiment, unit, variant, phase, bucket_version, crossed, created"
_EVENT = "workspace, experiment, id, unit, name, value, time"


def _numbers(scope: Scope, units: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for chunk in _chunks(sorted(units)):
        rows = scope.execute(
            f"SELECT unit, number FROM experiment_unit WHERE workspace = ? AND unit IN ({_marks(len(chunk))})",
            (scope.workspace, *chunk),
        )
        found.update(rows.fetchall())
    return found


def _insert_new(scope: Scope, table: str, columns: str, rows: Sequence[Sequence[Any]], key: str) -> list[Any]:
    """Inserts rows whose key is not there yet; returns the keys of those."""
    found: list[Any] = scope.execute(
        f"INSERT INTO {table} ({columns}) VALUES {_rows(rows)} ON CONFLICT DO NOTHING RETURNING {key}",
        [value for row in rows for value in row],
    ).fetchall()
    return found


def _rows(rows: Sequence[Sequence[Any]]) -> str:
    return ", ".join([f"({_marks(len(rows[0]))})"] * len(rows))


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _chunks(values: Sequence[Any]) -> Iterator[list[Any]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, _AT_ONCE)):
        yield chunk
