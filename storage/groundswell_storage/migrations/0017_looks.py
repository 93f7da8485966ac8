"""What experiments came to while they ran, and why they ended."""

from typing import Any

import peewee
from peewee import BigIntegerField, CompositeKey, IntegerField, JSONField, SmallIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the looks of workers, and the reason of an end."""

    class PastLook(peewee.Model):
        workspace = TextField()
        experiment = BigIntegerField()
        minute = IntegerField()
        time = BigIntegerField()
        units = BigIntegerField()
        verdict = SmallIntegerField()
        comparisons = JSONField()

        class Meta:
            database = db
            legacy_table_names = False
            primary_key = CompositeKey("experiment", "minute")

    migrator.migrate(migrator.add_column("experiment", "end_reason", TextField(default="")))
    db.create_tables([PastLook])
