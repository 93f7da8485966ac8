"""Ids of experiments' events are kept for a time: from where on, the deployment remembers."""

from typing import Any

from peewee import BigIntegerField, Model, SmallIntegerField


def up(migrator: Any, db: Any) -> None:
    """Makes the row's table, empty: nothing was forgotten yet."""

    class ExperimentEventHorizon(Model):
        id = SmallIntegerField(primary_key=True)
        milliseconds = BigIntegerField()

        class Meta:
            database = db
            table_name = "experiment_event_horizon"
            legacy_table_names = False

    db.create_tables([ExperimentEventHorizon])
