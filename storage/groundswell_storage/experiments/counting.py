"""What is counted: units and their exposures, events once each, and the sums that every analysis needs.

An event costs the same however many came before it. Rows are narrow and keyed by integers, batches come sorted by key,
and the sums of an arm are kept as events arrive, so that no analysis reads events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
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

from groundswell_storage.chunks import chunks
from groundswell_storage.experiments import bulk, designs, rollouts
from groundswell_storage.experiments.bulk import Column
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
    create_time = InstantField()

    class Meta:
        primary_key = CompositeKey("experiment", "unit")
        without_rowid = True


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
        without_rowid = True


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
        without_rowid = True


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


class Occurrences(NamedTuple):
    """Events to record, column by column, sorted by id: two batches then never wait for each other."""

    ids: Sequence[bytes]
    units: Sequence[int]
    names: Sequence[str]
    values: Sequence[float]
    times: Sequence[int]
    """Microseconds since 1970."""


class Totals(NamedTuple):
    """What units' events of one metric add, or add up to, column by column, sorted by unit."""

    units: Sequence[int]
    y: Sequence[float]
    z: Sequence[float]
    x: Sequence[float]


Arm = tuple[int, int]
"""Phase and variant."""


def unit_numbers(scope: Scope, units: Collection[str]) -> dict[str, int]:
    """The numbers of units; those never seen get one."""
    found = _numbers(scope, units)
    missing = sorted(set(units) - found.keys())
    if missing:
        new = "ON CONFLICT DO NOTHING RETURNING unit, number"
        found.update(bulk.insert(scope, "experiment_unit", {}, {"unit": Column("text", missing)}, new))
    # Others may have named some of them meanwhile.
    late = [unit for unit in missing if unit not in found]
    return found | _numbers(scope, late) if late else found


def find_units(scope: Scope, units: Collection[str]) -> dict[str, int]:
    """The numbers of those units that were ever seen."""
    return _numbers(scope, units)


def exposures(scope: Scope, experiment: int, units: Collection[int], *, lock: bool = False) -> dict[int, Exposure]:
    """Where these units stand, those that take part. `lock` keeps them there until the transaction ends."""
    if not units:
        return {}
    tail = " ORDER BY unit FOR UPDATE" if lock and scope.database.dialect != "sqlite" else ""
    those, given = bulk.among(scope, "bigint", units)
    rows = scope.execute(
        f"SELECT unit, variant, phase, bucket_version, crossed FROM exposure WHERE workspace = ? AND experiment = ? "
        f"AND unit {those}{tail}",
        (scope.workspace, experiment, given),
    )
    return {row[0]: Exposure(row[1], row[2], row[3], bool(row[4])) for row in rows.fetchall()}


def exposed_since(scope: Scope, experiment: int, units: Collection[int]) -> dict[int, int]:
    """When these units were first exposed, those that were; microseconds since 1970."""
    if not units:
        return {}
    those, given = bulk.among(scope, "bigint", units)
    rows = scope.execute(
        f"SELECT unit, create_time FROM exposure WHERE workspace = ? AND experiment = ? AND unit {those}",
        (scope.workspace, experiment, given),
    )
    return dict(rows.fetchall())


def enrol(
    scope: Scope, experiment: int, standing: Mapping[int, Exposure], since: Mapping[int, int] = MappingProxyType({})
) -> set[int]:
    """Records first exposures, of now unless `since` has their time in microseconds since 1970.

    Returns the units that had none. The others stay where they are.
    """
    if not standing:
        return set()
    units, now = sorted(standing), to_micros(scope.now)
    columns = {
        "unit": Column("bigint", units),
        "variant": Column("smallint", [standing[unit].variant for unit in units]),
        "phase": Column("smallint", [standing[unit].phase for unit in units]),
        "bucket_version": Column("integer", [standing[unit].bucket_version for unit in units]),
        "create_time": Column("bigint", [since.get(unit, now) for unit in units]),
    }
    same = {"experiment": experiment, "crossed": False}
    return {units[place] for place in bulk.insert_new(scope, "exposure", same, columns, "unit")}


def move(scope: Scope, experiment: int, unit: int, exposure: Exposure) -> None:
    """A unit stands elsewhere now. To be done before the sums are changed for it: those who count are waited for."""
    if experiment > 0:
        designs.count_move(scope, experiment)
    else:
        rollouts.count_move(scope, -experiment)
    scope.update(ExposureRow, **exposure._asdict()).where(
        ExposureRow.experiment == experiment, ExposureRow.unit == unit
    ).execute()


def renew(scope: Scope, experiment: int, units: Collection[int], bucket_version: int) -> None:
    """Units stand where they stood, under a newer bucket version."""
    for chunk in chunks(sorted(units), _AT_ONCE):
        scope.update(ExposureRow, bucket_version=bucket_version).where(
            ExposureRow.experiment == experiment, ExposureRow.unit.in_(chunk)
        ).execute()


def insert_events(scope: Scope, experiment: int, events: Occurrences) -> Sequence[int]:
    """Records events; returns the places of those that were not there yet."""
    columns = {
        "id": Column("bytea", events.ids),
        "unit": Column("bigint", events.units),
        "name": Column("text", events.names),
        "value": Column("double precision", events.values),
        "time": Column("bigint", events.times),
    }
    return bulk.insert_new(scope, "experiment_event", {"experiment": experiment}, columns, "id")


def add_totals(scope: Scope, experiment: int, metric: int, added: Totals) -> Totals:
    """Adds to what units' events of a metric add up to; returns what they add up to now. One row per unit."""
    columns = {
        "unit": Column("bigint", added.units),
        "y": Column("double precision", added.y),
        "z": Column("double precision", added.z),
        "x": Column("double precision", added.x),
    }
    rows = bulk.insert(scope, "unit_total", {"experiment": experiment, "metric": metric}, columns, _ADD_TOTAL)
    now = Totals(*zip(*rows, strict=True))
    # They come as they were sent, but no database promises it.
    return now if now.units == tuple(added.units) else Totals(*zip(*sorted(rows), strict=True))


def totals_of(scope: Scope, experiment: int, metrics: Collection[int], units: Collection[int]) -> dict[int, Totals]:
    """What units' events add up to, by metric; sorted by unit, those that have any."""
    # Without the metrics the key would not lead to the units, and all of the experiment's would be read.
    those_metrics, given_metrics = bulk.among(scope, "smallint", metrics)
    those_units, given_units = bulk.among(scope, "bigint", units)
    rows = scope.execute(
        "SELECT metric, unit, y, z, x FROM unit_total WHERE workspace = ? AND experiment = ? "
        f"AND metric {those_metrics} AND unit {those_units} ORDER BY metric, unit",
        (scope.workspace, experiment, given_metrics, given_units),
    )
    return {
        metric: Totals(*zip(*(row[1:] for row in mine), strict=True))
        for metric, mine in groupby(rows.fetchall(), key=itemgetter(0))
    }


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
    for chunk in chunks(sorted(sums.items()), _AT_ONCE):
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


_ADD_TOTAL = (
    "ON CONFLICT (experiment, metric, unit) DO UPDATE SET y = unit_total.y + excluded.y, "
    "z = unit_total.z + excluded.z, x = unit_total.x + excluded.x RETURNING unit, y, z, x"
)


def _numbers(scope: Scope, units: Collection[str]) -> dict[str, int]:
    those, given = bulk.among(scope, "text", units)
    rows = scope.execute(
        f"SELECT unit, number FROM experiment_unit WHERE workspace = ? AND unit {those}", (scope.workspace, given)
    )
    return dict(rows.fetchall())


def _rows(rows: Sequence[Sequence[Any]]) -> str:
    return ", ".join([f"({_marks(len(rows[0]))})"] * len(rows))


def _marks(count: int) -> str:
    return ", ".join("?" * count)
