"""How a process that starts brings the database up to its own schema, and says so in one line."""

from __future__ import annotations

import structlog

from groundswell_storage import schema
from groundswell_storage.database import Database

log = structlog.get_logger(__name__)


def migrate(database: Database) -> None:
    """Runs the migrations that are due, whichever process comes first. Raises as `Database.migrate`."""
    if done := database.migrate():
        before = max(set(schema.applied(database)).difference(done), default="nothing")
        log.info("database migrated", **{"from": before, "to": done[-1]})
