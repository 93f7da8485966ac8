"""The tables that every area stands on: events, operations, keys, records of request ids, secrets, schedules."""

from typing import Any

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DoubleField,
    IntegerField,
    JSONField,
    Model,
    TextField,
)


def up(migrator: Any, db: Any) -> None:
    """Makes the tables, as they were when this was written."""

    class Frozen(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Event(Frozen):
        workspace = TextField()
        seq = BigAutoField()
        xid = BigIntegerField()
        topic = TextField()
        subject_id = TextField()
        payload = JSONField()
        created = BigIntegerField()

        class Meta:
            indexes = ((("xid", "seq"), False), (("workspace", "xid", "seq"), False))

    class EventHorizon(Frozen):
        id = BigIntegerField(primary_key=True)
        xid = BigIntegerField()
        seq = BigIntegerField()

    class Operation(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        kind = TextField()
        state = TextField()
        request = BlobField()
        actor = TextField()
        progress_pct = DoubleField()
        message = TextField()
        response = BlobField(null=True)
        response_type = TextField()
        error_code = TextField()
        error_reason = TextField()
        error_message = TextField()
        error_metadata = JSONField()
        cancel_requested = BooleanField()
        attempt = IntegerField()
        max_attempts = IntegerField()
        lease_token = TextField()
        lease_expires = BigIntegerField(null=True)
        created = BigIntegerField()
        started = BigIntegerField(null=True)
        ended = BigIntegerField(null=True)

        class Meta:
            indexes = ((("workspace", "created", "id"), False),)

    class ApiKey(Frozen):
        workspace = TextField()
        id = TextField(primary_key=True)
        name = TextField()
        role = TextField()
        scopes = JSONField()
        secret_digest = BlobField()
        previous_digest = BlobField(null=True)
        previous_expires = BigIntegerField(null=True)
        created = BigIntegerField()
        created_by = TextField()
        expires = BigIntegerField(null=True)
        revoked = BigIntegerField(null=True)
        last_used = BigIntegerField(null=True)

        class Meta:
            indexes = ((("workspace", "created", "id"), False),)

    class IdempotencyRecord(Frozen):
        workspace = TextField()
        request_id = TextField()
        method = TextField()
        digest = BlobField()
        response = BlobField()
        created = BigIntegerField()

        class Meta:
            primary_key = CompositeKey("workspace", "request_id")
            indexes = ((("created",), False),)

    class DeploymentSecret(Frozen):
        name = TextField(primary_key=True)
        sealed = BlobField()
        created = BigIntegerField()

    class Schedule(Frozen):
        name = TextField(primary_key=True)
        last_run = BigIntegerField()
        next_run = BigIntegerField()

    db.create_tables([Event, EventHorizon, Operation, ApiKey, IdempotencyRecord, DeploymentSecret, Schedule])
    # Workers look for these two again and again; the finished operations, most of the table, stay out of the way.
    db.execute(SQL("CREATE INDEX operation_waiting ON operation (created) WHERE state = 'PENDING'"))
    db.execute(SQL("CREATE INDEX operation_leased ON operation (lease_expires) WHERE state = 'RUNNING'"))
