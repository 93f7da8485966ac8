"""Rollouts, the stages they come to, and the keys that they share with experiments."""

from typing import Any

import peewee
from peewee import BigAutoField, BigIntegerField, CompositeKey, JSONField, SmallIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds what rollouts keep."""

    class Frozen(peewee.Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Rollout(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        key = TextField()
        state = SmallIntegerField()
        design = JSONField()
        stage = SmallIntegerField()
        note = TextField()
        doubts = JSONField()
        model_type = TextField()
        model_state = SmallIntegerField()
        previous_model_id = TextField()
        principal = JSONField(null=True)
        version = BigIntegerField()
        created = BigIntegerField()
        updated = BigIntegerField()
        ended = BigIntegerField(null=True)

        class Meta:
            indexes = (
                (("workspace", "key"), True),
                (("workspace", "created", "id"), False),
                (("state",), False),
                (("model_state",), False),
            )

    class RolloutStage(Frozen):
        workspace = TextField()
        number = BigAutoField()
        rollout_id = TextField()
        position = SmallIntegerField()
        reason = TextField()
        started = BigIntegerField()
        held = BigIntegerField()
        running_since = BigIntegerField(null=True)
        ended = BigIntegerField(null=True)
        moves = BigIntegerField()
        seen = JSONField(null=True)

        class Meta:
            indexes = ((("workspace", "rollout_id", "position"), True),)

    class ExperimentKey(Frozen):
        workspace = TextField()
        key = TextField()

        class Meta:
            primary_key = CompositeKey("workspace", "key")

    db.create_tables([Rollout, RolloutStage, ExperimentKey])
    db.execute_sql("INSERT INTO experiment_key (workspace, key) SELECT workspace, key FROM experiment")
