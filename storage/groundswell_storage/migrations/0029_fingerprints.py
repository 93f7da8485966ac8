"""Fingerprints of texts, by which near copies are found on other posts."""

from typing import Any

from peewee import BigIntegerField, BlobField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    """Creates the table."""

    class PostFingerprints(Model):
        workspace = TextField()
        post_id = TextField(primary_key=True)
        fingerprints = BlobField()
        recorded = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("workspace", "recorded"), False),)

    db.create_tables([PostFingerprints])
