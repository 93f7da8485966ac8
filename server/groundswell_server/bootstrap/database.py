"""The database of a process that starts: opened by the settings, and migrated to its own schema."""

from __future__ import annotations

import structlog

from groundswell_server.settings import Settings, SettingsError
from groundswell_storage import schema
from groundswell_storage.database import Database, connect

log = structlog.get_logger(__name__)


def open_database(settings: Settings, application: str = "groundswell") -> Database:
    """Connects to the database of the settings. Raises SettingsError for an invalid URL.

    `application` is the name of this process in the database's own list of connections.
    """
    url = settings.database_url.get_secret_value()
    try:
        return connect(url, pool_size=settings.database_pool_size, application=application)
    except ValueError as error:
        raise SettingsError(f"GROUNDSWELL_DATABASE_URL: {error}") from error


def migrate(database: Database) -> None:
    """Runs and logs the migrations that are due, whichever process comes first. Raises as `Database.migrate`."""
    if done := database.migrate():
        before = max(set(schema.applied(database)).difference(done), default="nothing")
        log.info("database migrated", **{"from": before, "to": done[-1]})
