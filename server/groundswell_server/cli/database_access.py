"""The database as commands open it, for work that needs no server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundswell_storage.database import Database
    from groundswell_storage.scope import Scope


@contextmanager
def open_migrated(url: str | None, *, existing: bool = False) -> Iterator[Database]:
    """Opens the database of the settings, or of a URL, and brings its schema up to this version.

    With `existing`, raises SettingsError when there is no such file: a mistyped path would make an empty database.
    """
    from groundswell_server.bootstrap.database import open_database
    from groundswell_server.settings import SettingsError, load

    opened = open_database(load(database_url=url))
    try:
        if existing and opened.file is not None and not opened.file.exists():
            raise SettingsError(f"there is no database {opened.file}; `groundswell serve` makes one")
        opened.migrate()
        yield opened
    finally:
        opened.close()


@contextmanager
def open_scope(url: str | None, workspace: str, *, existing: bool = False) -> Iterator[Scope]:
    """Opens a transaction in a workspace, with the actor `cli`."""
    with open_migrated(url, existing=existing) as opened, opened.scope(workspace, "cli") as scope:
        yield scope
