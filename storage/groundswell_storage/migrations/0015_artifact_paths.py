"""Models' files outside the database, and those of them that no model has."""

from typing import Any

import peewee
from peewee import BigIntegerField, TextField


def up(migrator: Any, db: Any) -> None:
    """Adds the place of a file to its row, and the table of files without one."""

    class StrayFile(peewee.Model):
        path = TextField(primary_key=True)
        due = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("due",), False),)

    migrator.migrate(migrator.add_column("model_artifact", "path", TextField(default="")))
    db.create_tables([StrayFile])
