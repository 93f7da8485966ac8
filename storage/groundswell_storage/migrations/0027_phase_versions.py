"""Phases know the bucket version under which they assigned: a raise begins the comparison anew."""

from typing import Any

import peewee
from peewee import BigIntegerField, CompositeKey, IntegerField, JSONField, SmallIntegerField


def up(migrator: Any, db: Any) -> None:
    """Adds the version; that of phases there are is their experiment's, so that all go on being compared."""

    class Frozen(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Experiment(Frozen):
        number = BigIntegerField(primary_key=True)
        design = JSONField()

    class ExperimentPhase(Frozen):
        experiment = BigIntegerField()
        number = SmallIntegerField()
        bucket_version = IntegerField()

        class Meta:
            primary_key = CompositeKey("experiment", "number")

    migrator.migrate(migrator.add_column("experiment_phase", "bucket_version", IntegerField(default=1)))
    experiments: Any = Experiment
    phases: Any = ExperimentPhase
    for row in list(experiments.select()):
        change = phases.update(bucket_version=row.design["bucket_version"])
        change.where(phases.experiment == row.number).execute()
