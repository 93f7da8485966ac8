"""How each workspace has its engagement taken in."""

from typing import Any

import peewee
from peewee import BigIntegerField, IntegerField, SmallIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the table."""

    class EngagementSettings(peewee.Model):
        workspace = TextField(primary_key=True)
        pii_filter = SmallIntegerField()
        reason = TextField()
        version = IntegerField()
        updated = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([EngagementSettings])
