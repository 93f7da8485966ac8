"""Labelled examples that models learn from."""

from typing import Any

import peewee
from peewee import BigIntegerField, JSONField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the table of labelled texts, accounts and posts."""

    class TrainingExample(peewee.Model):
        workspace = TextField()
        id = TextField(primary_key=True)
        model_type = TextField()
        key = TextField()
        label = TextField()
        group_name = TextField()
        persona_id = TextField()
        post_id = TextField()
        text = TextField()
        profile = JSONField(null=True)
        created = BigIntegerField()
        updated = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = (
                (("workspace", "model_type", "key"), True),
                (("workspace", "model_type", "created", "id"), False),
                (("workspace", "persona_id"), False),
                (("post_id",), False),
            )

    db.create_tables([TrainingExample])
