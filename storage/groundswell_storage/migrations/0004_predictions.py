"""Predictions that were served, to be compared with what came of them."""

from typing import Any

import peewee
from peewee import BigIntegerField, CompositeKey, DoubleField, JSONField, SmallIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the table of predictions."""

    class Prediction(peewee.Model):
        workspace = TextField()
        model_id = TextField()
        context_id = TextField()
        platform = SmallIntegerField()
        features = JSONField()
        value = DoubleField()
        lower = DoubleField(null=True)
        upper = DoubleField(null=True)
        served = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            primary_key = CompositeKey("workspace", "model_id", "context_id")
            indexes = ((("workspace", "model_id", "served"), False), (("served",), False))

    db.create_tables([Prediction])
