"""Platforms: connections with their tokens, what syncs did, call budgets; and operations that go on later."""

from typing import Any

import peewee
from peewee import BigIntegerField, BlobField, BooleanField, CompositeKey, SmallIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds what syncing posts with their platforms keeps."""

    class Frozen(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class PlatformConnection(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        persona_id = TextField()
        platform = SmallIntegerField()
        account = TextField()
        token = BlobField()
        state = SmallIntegerField()
        problem = TextField()
        expires = BigIntegerField(null=True)
        connected = BigIntegerField()
        synced = BigIntegerField(null=True)

        class Meta:
            indexes = (
                (("workspace", "persona_id", "platform"), True),
                (("workspace", "connected", "id"), False),
            )

    class PostSync(Frozen):
        workspace = TextField()
        post_id = TextField(primary_key=True)
        persona_id = TextField()
        platform = SmallIntegerField()
        operation_id = TextField()
        outcome = SmallIntegerField()
        problem = TextField()
        tries = SmallIntegerField()
        synced = BigIntegerField(null=True)
        comments_seen = BigIntegerField(null=True)
        comments_due = BooleanField()
        interactions = BigIntegerField()

        class Meta:
            indexes = ((("workspace", "operation_id", "outcome"), False),)

    class CallBudget(Frozen):
        workspace = TextField()
        name = TextField()
        full_at = BigIntegerField()
        closed_until = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("workspace", "name")

    db.create_tables([PlatformConnection, PostSync, CallBudget])
    migrator.migrate(migrator.add_column("operation", "due", BigIntegerField(null=True)))
