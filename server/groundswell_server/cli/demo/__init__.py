"""`groundswell demo`: the loop on real posts, through a real server, a real database and the SDK."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundswell_server.cli.serving import Database

application = typer.Typer(
    help="Run the loop on 500 real posts and show what it learned.", invoke_without_command=True, no_args_is_help=False
)


@application.callback()
def run(
    context: typer.Context,
    charts: Annotated[Path, typer.Option(help="Folder for the charts (PNG).")] = Path("groundswell-demo"),
    database: Database = None,
) -> None:
    """Import 500 real Facebook posts, learn from them, and show what was learned and how sure that is."""
    if context.invoked_subcommand is None:
        from groundswell_server.cli.demo.loop import run_loop

        run_loop(charts, database)
