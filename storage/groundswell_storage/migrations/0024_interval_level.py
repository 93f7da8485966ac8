"""The level that a live version's intervals have come to by the outcomes they missed."""

from typing import Any

from peewee import DoubleField


def up(migrator: Any, db: Any) -> None:
    """Adds the column."""
    migrator.migrate(migrator.add_column("online_model", "miscoverage", DoubleField(null=True)))
