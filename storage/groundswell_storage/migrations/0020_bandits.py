"""Bandits: the batches in which they choose."""

from typing import Any

import peewee
from peewee import BigIntegerField, CompositeKey, JSONField, SmallIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the batches, with the probabilities of their choices."""

    class Frozen(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class BanditBatch(Frozen):
        workspace = TextField()
        experiment = BigIntegerField()
        number = SmallIntegerField()
        phase = SmallIntegerField()
        probabilities = JSONField()
        units_before = BigIntegerField()
        started = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("experiment", "number")

    db.create_tables([BanditBatch])
