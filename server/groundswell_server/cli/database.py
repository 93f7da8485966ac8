"""`groundswell migrate`."""

from __future__ import annotations

import click

from groundswell.cli.output import show, show_json
from groundswell_server.cli.commands import command, database_option, output_option


@command("migrate")
@click.option("--check", is_flag=True, help="Change nothing. Exits with 1 when migrations are due.")
@database_option
@output_option
def migrate(check: bool, database: str | None, as_json: bool) -> None:
    """Bring the schema of the database up to this version, as `serve` does when it starts."""
    from groundswell_server.bootstrap.database import open_database
    from groundswell_server.settings import load
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
        raise click.exceptions.Exit(1)
