"""`groundswell demo`: the suite at work, through a real server, a real database and the SDK."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from groundswell_server.cli.commands import Commands
from groundswell_server.cli.serving import Database

application = Commands(
    help="See the suite at work: without a command, the loop on 500 real posts.",
    invoke_without_command=True,
    no_args_is_help=False,
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


@application.command("engagement")
def run_engagement(
    charts: Annotated[Path, typer.Option(help="Folder for the charts (PNG).")] = Path("groundswell-demo"),
    database: Database = None,
) -> None:
    """Follow one post: 1,250 likes and 87 comments, bots and personas taken out, its context updated, explained."""
    from groundswell_server.cli.demo.engagement.life import run_life

    run_life(charts, database)
