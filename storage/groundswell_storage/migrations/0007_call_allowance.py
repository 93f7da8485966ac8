"""The token buckets of API keys, which all servers draw from."""

from typing import Any

from peewee import BigIntegerField, DoubleField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    """Makes the table, as it was when this was written."""

    class CallAllowance(Model):
        key = TextField(primary_key=True)
        tokens = DoubleField()
        drawn = BigIntegerField()

        class Meta:
            database = db
            legacy_table_names = False

    db.create_tables([CallAllowance])
