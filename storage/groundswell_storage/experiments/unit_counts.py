"""Counts: units and their exposures, events (each once), and the sums that analyses are computed from.

The cost of an event does not depend on the number of earlier events. Rows are narrow and keyed by integers, batches are
sorted by key, and the sums of a variant are updated as events arrive, so that no analysis reads events.
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
"""The sums over the units of a variant that are kept for each metric, in the order of their columns."""
_AT_ONCE = 500
"""The rows of one statement."""


class ExperimentUnitRow(Table):
    """A unit of experiments and rollouts, with its number."""

    number = BigAutoField()
    unit = TextField()

    class Meta:
        indexes = ((("workspace", "unit"), True),)


class ExposureRow(Table):
    """The exposure of a unit in an experiment."""

    experiment = BigIntegerField()
    unit = BigIntegerField()
    variant = SmallIntegerField()
    phase = SmallIntegerField()
    bucket_version = IntegerField()
    crossed = BooleanField(default=False)
    """True for a unit that was seen in two variants: it counts in neither."""
    create_time = InstantField()

    class Meta:
        primary_key = CompositeKey("experiment", "unit")
        without_rowid = True


class ExperimentEventRow(Table):
    """An event, keyed by the id that its client generated."""

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
    """The total of a unit's events for one metric."""

    experiment = BigIntegerField()
    metric = SmallIntegerField()
    unit = BigIntegerField()
    y = DoubleField()
    z = DoubleField()
    x = DoubleField()

    class Meta:
        primary_key = CompositeKey("experiment", "metric", "unit")
        without_rowid = True


class PhaseVariantRow(Table):
    """The number of units of a variant in a phase."""

    experiment = BigIntegerField()
    phase = SmallIntegerField()
    variant = SmallIntegerField()
    units = BigIntegerField()
    crossed = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("experiment", "phase", "variant")


class PhaseVariantSumRow(Table):
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
    """The exposure of a unit."""

    variant: int
    phase: int
    bucket_version: int
    crossed: bool


class Occurrences(NamedTuple):
    """Events to record, in columns, sorted by id so that two batches never deadlock."""

    ids: Sequence[bytes]
    units: Sequence[int]
    names: Sequence[str]
    values: Sequence[float]
    times: Sequence[int]
    """Microseconds since 1970."""


class Totals(NamedTuple):
    """Totals of units for one metric, or additions to them, in columns, sorted by unit."""

    units: Sequence[int]
    y: Sequence[float]
    z: Sequence[float]
    x: Sequence[float]


PhaseVariant = tuple[int, int]
"""A phase and a variant."""


def unit_numbers(scope: Scope, units: Collection[str]) -> dict[str, int]:
    """Returns the numbers of units; new units get one."""
    found = _numbers(scope, units)
    missing = sorted(set(units) - found.keys())
    if missing:
        new = "ON CONFLICT DO NOTHING RETURNING unit, number"
        found.update(bulk.insert(scope, "experiment_unit", {}, {"unit": Column("text", missing)}, new))
    # Other transactions may have inserted some of them in the meantime.
    late = [unit for unit in missing if unit not in found]
    return found | _numbers(scope, late) if late else found


def find_units(scope: Scope, units: Collection[str]) -> dict[str, int]:
    """Returns the numbers of the known units among these."""
    return _numbers(scope, units)


def exposures(scope: Scope, experiment: int, units: Collection[int], *, lock: bool = False) -> dict[int, Exposure]:
    """Returns the exposures of the units that have one. `lock` prevents changes until the transaction ends."""
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
    """Returns the times of the units' first exposures, in microseconds since 1970."""
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
    """Records first exposures, at the times in `since` (microseconds since 1970) or now.

    Returns the units that had no exposure. Those of the others are not changed.
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
    """Changes the exposure of a unit, before the sums are changed, because it waits for recording transactions."""
    if experiment > 0:
        designs.count_move(scope, experiment)
    else:
        rollouts.count_move(scope, -experiment)
    scope.update(ExposureRow, **exposure._asdict()).where(
        ExposureRow.experiment == experiment, ExposureRow.unit == unit
    ).execute()


def renew(scope: Scope, experiment: int, units: Collection[int], bucket_version: int) -> None:
    """Sets a newer bucket version in the exposures of units."""
    for chunk in chunks(sorted(units), _AT_ONCE):
        scope.update(ExposureRow, bucket_version=bucket_version).where(
            ExposureRow.experiment == experiment, ExposureRow.unit.in_(chunk)
        ).execute()


def insert_events(scope: Scope, experiment: int, events: Occurrences) -> Sequence[int]:
    """Records events; returns the positions of the new ones."""
    columns = {
        "id": Column("bytea", events.ids),
        "unit": Column("bigint", events.units),
        "name": Column("text", events.names),
        "value": Column("double precision", events.values),
        "time": Column("bigint", events.times),
    }
    return bulk.insert_new(scope, "experiment_event", {"experiment": experiment}, columns, "id")


def add_totals(scope: Scope, experiment: int, metric: int, added: Totals) -> Totals:
    """Adds to the totals of units for a metric, with one row per unit; returns the new totals."""
    columns = {
        "unit": Column("bigint", added.units),
        "y": Column("double precision", added.y),
        "z": Column("double precision", added.z),
        "x": Column("double precision", added.x),
    }
    rows = bulk.insert(scope, "unit_total", {"experiment": experiment, "metric": metric}, columns, _ADD_TOTAL)
    now = Totals(*zip(*rows, strict=True))
    # Databases return the rows in the order of insertion, without guaranteeing it.
    return now if now.units == tuple(added.units) else Totals(*zip(*sorted(rows), strict=True))


def totals_of(scope: Scope, experiment: int, metrics: Collection[int], units: Collection[int]) -> dict[int, Totals]:
    """Returns the existing totals of units, by metric, sorted by unit."""
    # The metrics are part of the key: without them all totals of the experiment would be read.
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


def add_units(scope: Scope, experiment: int, counts: Mapping[PhaseVariant, tuple[int, int]]) -> None:
    """Adds to the numbers of units and of crossed units."""
    rows = [(scope.workspace, experiment, *key, *added) for key, added in sorted(counts.items())]
    if rows:
        scope.execute(
            f"INSERT INTO phase_variant (workspace, experiment, phase, variant, units, crossed) VALUES {_rows(rows)} "
            "ON CONFLICT (experiment, phase, variant) DO UPDATE SET units = phase_variant.units + excluded.units, "
            "crossed = phase_variant.crossed + excluded.crossed",
            [value for row in rows for value in row],
        )


def add_sums(scope: Scope, experiment: int, sums: Mapping[tuple[int, int, int], Sequence[float]]) -> None:
    """Adds to the sums (`SUMS`), by phase, variant and metric."""
    columns = ", ".join(SUMS)
    added = ", ".join(f"{name} = phase_variant_sum.{name} + excluded.{name}" for name in SUMS)
    for chunk in chunks(sorted(sums.items()), _AT_ONCE):
        rows = [(scope.workspace, experiment, *key, *values) for key, values in chunk]
        scope.execute(
            f"INSERT INTO phase_variant_sum (workspace, experiment, phase, variant, metric, {columns}) "
            f"VALUES {_rows(rows)} ON CONFLICT (experiment, phase, variant, metric) DO UPDATE SET {added}",
            [value for row in rows for value in row],
        )


def read_units(scope: Scope, experiment: int) -> dict[PhaseVariant, tuple[int, int]]:
    """Returns the numbers of units and of crossed units, by phase and variant."""
    rows = scope.execute(
        "SELECT phase, variant, units, crossed FROM phase_variant WHERE workspace = ? AND experiment = ?",
        (scope.workspace, experiment),
    )
    return {(row[0], row[1]): (row[2], row[3]) for row in rows.fetchall()}


def read_sums(scope: Scope, experiment: int) -> dict[tuple[int, int, int], tuple[float, ...]]:
    """Returns the sums (`SUMS`) by phase, variant and metric."""
    rows = scope.execute(
        f"SELECT phase, variant, metric, {', '.join(SUMS)} FROM phase_variant_sum "
        "WHERE workspace = ? AND experiment = ?",
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
