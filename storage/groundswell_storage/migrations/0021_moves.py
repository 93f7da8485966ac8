"""Experiments count the moves of their units, so that servers can remember where units stand."""

from typing import Any

from peewee import BigIntegerField


def up(migrator: Any, db: Any) -> None:
    """Adds the count, from 0: no server remembers anything yet."""
    migrator.migrate(migrator.add_column("experiment", "moves", BigIntegerField(default=0)))
