"""The audit log and its sealed batches."""

from typing import Any

import peewee
from peewee import SQL, BigIntegerField, BlobField, IntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the tables."""

    class AuditEntry(peewee.Model):
        workspace = TextField()
        id = TextField(primary_key=True)
        actor = TextField()
        action = TextField()
        subject = TextField()
        reason = TextField()
        before = TextField()
        after = TextField()
        created = BigIntegerField()
        batch = BigIntegerField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("workspace", "created", "id"), False), (("batch",), False))

    class AuditBatch(peewee.Model):
        number = BigIntegerField(primary_key=True)
        entries = IntegerField()
        seal = BlobField()
        sealed = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([AuditEntry, AuditBatch])
    db.execute(SQL("CREATE INDEX audit_entry_unsealed ON audit_entry (id) WHERE batch IS NULL"))
