"""What versions said of texts, accounts and posts, to be compared with the labels that come in."""

from typing import Any

import peewee
from peewee import BigIntegerField, CompositeKey, JSONField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the table."""

    class LabelledPrediction(peewee.Model):
        workspace = TextField()
        model_id = TextField()
        subject = TextField()
        probabilities = JSONField()
        features = JSONField(null=True)
        served = BigIntegerField()
        label = TextField()
        known = BigIntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            primary_key = CompositeKey("workspace", "model_id", "subject")
            indexes = (
                (("workspace", "model_id", "served"), False),
                (("workspace", "model_id", "known"), False),
                (("workspace", "subject"), False),
                (("served",), False),
            )

    db.create_tables([LabelledPrediction])
