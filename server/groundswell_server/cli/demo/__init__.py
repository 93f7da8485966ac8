"""`groundswell demo`: shows the suite at work, through a real server, a real database and the SDK."""

from __future__ import annotations

from pathlib import Path

import click

from groundswell_server.cli.commands import ServerCommand, database_option, group

_charts_option = click.option(
    "--charts",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("groundswell-demo"),
    show_default=True,
    help="Folder for the charts (PNG).",
)


@group("demo", invoke_without_command=True)
@_charts_option
@database_option
@click.pass_context
def demo(context: click.Context, charts: Path, database: str | None) -> None:
    """Import 500 real Facebook posts, learn from them, and show what was learned and how certain it is."""
    if context.invoked_subcommand is None:
        from groundswell_server.cli.demo.loop import run_loop

        run_loop(charts, database)


@demo.command("engagement", cls=ServerCommand)
@_charts_option
@database_option
def engagement(charts: Path, database: str | None) -> None:
    """Follow one post: 1,250 likes and 87 comments, bots and personas filtered, its context updated and analyzed."""
    from groundswell_server.cli.demo.engagement.life import run_life

    run_life(charts, database)
