"""Experiments: designs and phases, units and exposures, events, and the sums over them."""

from typing import Any

import peewee
from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    IntegerField,
    JSONField,
    SmallIntegerField,
    TextField,
)


def up(migrator: Any, db: Any) -> None:
    """Adds what Experiments keeps."""
    # Rows that are narrow and always asked for by their key stand in the key's own tree; only SQLite has to be told.
    keyed = isinstance(db, peewee.SqliteDatabase)

    class Frozen(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Experiment(Frozen):
        workspace = TextField()
        number = BigAutoField()
        id = TextField(unique=True)
        key = TextField()
        state = SmallIntegerField()
        design = JSONField()
        sticky_version = IntegerField()
        planned_look = JSONField(null=True)
        winner = TextField()
        version = IntegerField()
        created = BigIntegerField()
        updated = BigIntegerField()
        started = BigIntegerField(null=True)
        ended = BigIntegerField(null=True)

        class Meta:
            indexes = (
                (("workspace", "key"), True),
                (("workspace", "created", "id"), False),
            )

    class ExperimentPhase(Frozen):
        workspace = TextField()
        experiment = BigIntegerField()
        number = SmallIntegerField()
        weights = JSONField()
        coverage = DoubleField()
        reason = TextField()
        started = BigIntegerField()
        ended = BigIntegerField(null=True)

        class Meta:
            primary_key = CompositeKey("experiment", "number")

    class ExperimentUnit(Frozen):
        workspace = TextField()
        number = BigAutoField()
        unit = TextField()

        class Meta:
            indexes = ((("workspace", "unit"), True),)

    class Exposure(Frozen):
        workspace = TextField()
        experiment = BigIntegerField()
        unit = BigIntegerField()
        variant = SmallIntegerField()
        phase = SmallIntegerField()
        bucket_version = IntegerField()
        crossed = BooleanField()
        created = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("experiment", "unit")
            without_rowid = keyed

    class ExperimentEvent(Frozen):
        workspace = TextField()
        experiment = BigIntegerField()
        id = BlobField()
        unit = BigIntegerField()
        name = TextField()
        value = DoubleField()
        time = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("experiment", "id")
            without_rowid = keyed

    class UnitTotal(Frozen):
        workspace = TextField()
        experiment = BigIntegerField()
        metric = SmallIntegerField()
        unit = BigIntegerField()
        y = DoubleField()
        z = DoubleField()
        x = DoubleField()

        class Meta:
            primary_key = CompositeKey("experiment", "metric", "unit")
            without_rowid = keyed

    class Arm(Frozen):
        workspace = TextField()
        experiment = BigIntegerField()
        phase = SmallIntegerField()
        variant = SmallIntegerField()
        units = BigIntegerField()
        crossed = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("experiment", "phase", "variant")

    class ArmSum(Frozen):
        workspace = TextField()
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

    db.create_tables([Experiment, ExperimentPhase, ExperimentUnit, Exposure, ExperimentEvent, UnitTotal, Arm, ArmSum])
