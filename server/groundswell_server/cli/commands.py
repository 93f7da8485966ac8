"""The form of the server's commands: their options for output and database, and how they fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from groundswell.cli.failures import CALLED_WRONGLY, FAILED, NOT_FOUND, Failure
from groundswell.cli.options import SectionedCommand

if TYPE_CHECKING:
    from groundswell_storage.errors import GroundswellError

Function = TypeVar("Function", bound=Callable[..., Any])


class ServerCommand(SectionedCommand):
    """A command that ends with one line for an error of the database or of the settings."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; raises Failure for errors that a user can cure."""
        from groundswell_server.settings import SettingsError
        from groundswell_storage.errors import GroundswellError

        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise Failure(_one_line(error)) from error
        except GroundswellError as error:
            raise _failure_of(error) from error


def command(name: str, **options: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A decorator that makes a command of a function."""
    return click.command(name, cls=ServerCommand, **options)


def group(name: str, **options: Any) -> Callable[[Callable[..., Any]], click.Group]:
    """A decorator that makes a group of commands of a function."""
    return click.group(name, **options)


def output_option(function: Function) -> Function:
    """Adds `-o table|json`; the function takes it as `as_json`."""
    return click.option(
        "-o",
        "--output",
        "as_json",
        type=click.Choice(["table", "json"]),
        default="table",
        callback=lambda context, parameter, value: value == "json",
        help="How to print the answer; a table by default.",
    )(function)


def database_option(function: Function) -> Function:
    """Adds `--database`; the function takes it as `database`."""
    return click.option(
        "--database", metavar="URL", callback=_known_url, help="sqlite:///path or postgresql://host/name."
    )(function)


def workspace_option(function: Function) -> Function:
    """Adds `--workspace`; the function takes it as `workspace`."""
    return click.option("--workspace", default="default", show_default=True, help="The workspace.")(function)


def _known_url(context: click.Context, parameter: click.Parameter, url: str | None) -> str | None:
    """Refuses a URL that no database can be opened by."""
    if url:
        from groundswell_storage.engines.urls import open_engine

        try:
            open_engine(url, application="groundswell")
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return url


def _failure_of(error: GroundswellError) -> Failure:
    from groundswell_storage import errors

    if isinstance(error, errors.NotFound) and error.kind == "api_key":
        cure = "`groundswell keys list --workspace NAME` shows the keys of a workspace with their ids"
        return Failure(_one_line(error), cure=cure, exit_code=NOT_FOUND)
    code = CALLED_WRONGLY if isinstance(error, errors.InvalidArgument) else FAILED
    return Failure(_one_line(error), exit_code=code)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
