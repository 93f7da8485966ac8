"""Models that learn from each outcome, and consumers of the event log."""

from typing import Any

import peewee
from peewee import BigIntegerField, CompositeKey, DoubleField, JSONField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the twins, what they learnt from, and how far consumers of the event log are."""

    class Frozen(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class EventConsumer(Frozen):
        name = TextField(primary_key=True)
        xid = BigIntegerField()
        seq = BigIntegerField()

    class OnlineModel(Frozen):
        workspace = TextField()
        model_type = TextField()
        weights = JSONField()
        intercept = DoubleField()
        learned_count = BigIntegerField()
        error = DoubleField(null=True)
        model_id = TextField()
        pair_count = BigIntegerField()
        paired_error = DoubleField(null=True)
        batch_error = DoubleField(null=True)
        blended_error = DoubleField(null=True)
        updated = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("workspace", "model_type")

    class OnlineOutcome(Frozen):
        workspace = TextField()
        model_type = TextField()
        post_id = TextField()
        outcome = DoubleField()
        said = DoubleField()
        batch_said = DoubleField(null=True)
        created = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("workspace", "model_type", "post_id")

    db.create_tables([EventConsumer, OnlineModel, OnlineOutcome])
