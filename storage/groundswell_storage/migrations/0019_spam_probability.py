"""What a trained detector took the text of an interaction for."""

from typing import Any

from peewee import DoubleField


def up(migrator: Any, db: Any) -> None:
    """Adds the column."""
    migrator.migrate(migrator.add_column("interaction", "spam_probability", DoubleField(null=True)))
