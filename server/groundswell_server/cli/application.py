"""All commands in one tree, and one way for all of them to fail: a line that says what is wrong and what cures it."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from groundswell_server.cli import (
    audit,
    database,
    demo,
    doctor,
    experiments,
    importing,
    keys,
    platforms,
    rollouts,
    serving,
    settings,
    syncing,
)
from groundswell_server.cli.commands import Commands
from groundswell_server.cli.output import AsJson, complain, show_json

application = Commands(name="groundswell", pretty_exceptions_enable=False)
application.command("serve")(serving.serve)
application.command("worker")(serving.worker)
application.add_typer(demo.application, name="demo")
application.add_typer(experiments.application, name="experiments")
application.add_typer(importing.application, name="import")
application.add_typer(platforms.application, name="platforms")
application.command("sync")(syncing.sync)
application.add_typer(rollouts.application, name="rollouts")
application.command("migrate")(database.migrate)
application.add_typer(keys.application, name="keys")
application.add_typer(audit.application, name="audit")
application.command("settings")(settings.show_settings)
application.command("doctor")(doctor.examine)


@application.command()
def version(as_json: AsJson = False) -> None:
    """Print the version of the suite."""
    from groundswell import __version__

    if as_json:
        show_json({"version": __version__})
    else:
        typer.echo(f"groundswell {__version__}")


def _version_asked(asked: bool) -> None:
    if asked:
        version()
        raise typer.Exit


@application.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", metavar="", callback=_version_asked, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Track what was posted, keep genuine engagement, learn what works and how sure that is."""


def main() -> NoReturn:
    """Runs the command line. Exit code 0 when all went well, 1 when it did not, 2 when it was called wrongly."""
    from groundswell import errors as refused
    from groundswell_server.settings import SettingsError
    from groundswell_storage import errors as failed

    try:
        application()
    except (SettingsError, failed.GroundswellError, refused.GroundswellError, OSError) as error:
        complain(error)
        sys.exit(2 if isinstance(error, failed.InvalidArgument | refused.InvalidArgument) else 1)
    sys.exit(0)
