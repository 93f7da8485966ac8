"""`groundswell migrate`."""

from __future__ import annotations

from typing import Annotated

import typer

from groundswell_server.cli.output import AsJson, show, show_json
from groundswell_server.cli.serving import Database
from groundswell_server.settings import load


def migrate(
    check: Annotated[
        bool, typer.Option("--check", metavar="", help="Change nothing; exit 1 when migrations are due.")
    ] = False,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Bring the database's schema up to this version. `serve` does it too; this is for doing it beforehand."""
    from groundswell_server.bootstrap.database import open_database
    from groundswell_storage import schema

    opened = open_database(load(database_url=database))
    try:
        done = schema.pending(opened) if check else opened.migrate()
    finally:
        opened.close()
    if as_json:
        show_json({"pending" if check else "applied": done})
    else:
        title = "due" if check else "applied"
        show([{"migration": name} for name in done], False, title=title, empty="the schema is up to date")
    if check and done:
        raise typer.Exit(1)
