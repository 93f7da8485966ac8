"""Schedules of training."""

from typing import Any

import peewee
from peewee import BigIntegerField, BooleanField, CompositeKey, DoubleField, IntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the table of schedules by which model types learn anew."""

    class TrainingSchedule(peewee.Model):
        workspace = TextField()
        model_type = TextField()
        every_days = IntegerField()
        minimum_new_samples = IntegerField()
        drift_threshold = DoubleField()
        lookback_days = IntegerField()
        force = BooleanField()
        next_check = BigIntegerField()
        last_check = BigIntegerField(null=True)
        last_decision = TextField()
        report_id = TextField()
        operation_id = TextField()

        class Meta:
            database = db
            legacy_table_names = False
            primary_key = CompositeKey("workspace", "model_type")
            indexes = ((("next_check",), False),)

    db.create_tables([TrainingSchedule])
