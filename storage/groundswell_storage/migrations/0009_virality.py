"""When it was told that a post spreads."""

from typing import Any

from peewee import BigIntegerField


def up(migrator: Any, db: Any) -> None:
    """Adds the column."""
    migrator.migrate(migrator.add_column("post", "alerted", BigIntegerField(null=True)))
