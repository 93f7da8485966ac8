"""How commands open the database itself, for what is done beside the servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from groundswell_server.settings import SettingsError, load

if TYPE_CHECKING:
    from groundswell_storage.database import Database
    from groundswell_storage.scope import Scope

Workspace = Annotated[str, typer.Option(help="The workspace.")]


@contextmanager
def open_migrated(url: str | None, *, existing: bool = False) -> Iterator[Database]:
    """The database of the settings, or of a URL, with the schema of this version.

    Raises SettingsError where it has to be `existing` and is not: a path that was mistyped looks like an empty one.
    """
    from groundswell_server.bootstrap.database import open_database

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
    """A transaction in a workspace, by the command line."""
    with open_migrated(url, existing=existing) as opened, opened.scope(workspace, "cli") as scope:
        yield scope
