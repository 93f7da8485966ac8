"""How a process that starts comes to its database: opened as the settings say, brought up to its own schema."""

from __future__ import annotations

import structlog

from groundswell_server.settings import Settings, SettingsError
from groundswell_storage import schema
from groundswell_storage.database import Database, connect

log = structlog.get_logger(__name__)


def open_database(settings: Settings, application: str = "groundswell") -> Database:
    """Connects to the database of the settings; raises SettingsError for a URL that is none.

    `application` is what the database's own list of connections calls this process.
    """
    url = settings.database_url.get_secret_value()
    try:
        return connect(url, pool_size=settings.database_pool_size, application=application)
    except ValueError as error:
        raise SettingsError(f"GROUNDSWELL_DATABASE_URL: {error}") from error


def migrate(database: Database) -> None:
    """Runs the migrations that are due, whichever process comes first, and logs it. Raises as `Database.migrate`."""
    if done := database.migrate():
        before = max(set(schema.applied(database)).difference(done), default="nothing")
        log.info("database migrated", **{"from": before, "to": done[-1]})
