"""Experiments that run are found without a look at all the others: workers ask for them every minute."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    """Adds the index."""
    migrator.migrate(migrator.add_index("experiment", ("state", "number"), False))
