"""Reports of drift."""

from typing import Any

import peewee
from peewee import BigIntegerField, DoubleField, IntegerField, JSONField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the table of what looks at live versions found."""

    class DriftReport(peewee.Model):
        workspace = TextField()
        id = TextField(primary_key=True)
        model_id = TextField()
        model_type = TextField()
        version = IntegerField()
        status = TextField()
        drift_score = DoubleField()
        p_value = DoubleField()
        look = IntegerField()
        sample_count = BigIntegerField()
        details = JSONField()
        created = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = (
                (("workspace", "created", "id"), False),
                (("workspace", "model_id", "created", "id"), False),
            )

    db.create_tables([DriftReport])
