"""All commands in one tree: the calls of the contract, and the commands that plugins add."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn

import click

from groundswell.cli import contract
from groundswell.cli.failures import INTERRUPTED, NEEDS_SERVER, failure_of

PLUGINS = "groundswell.commands"
"""Group of the entry points that add commands: name of the command, and a `click.Command`."""

_BROKEN_PIPE = 141
"""The exit code that a shell reports for a program ended by SIGPIPE."""


class Resource(click.Group):
    """The calls about one resource; each command is made when it is asked for."""

    def __init__(self, name: str) -> None:
        self._calls = contract.commands()[name]
        verbs = ", ".join(sorted(self._calls))
        super().__init__(name, help=f"Calls about {name.replace('-', ' ')}.", short_help=verbs, no_args_is_help=True)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs."""
        return sorted(self._calls)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a call."""
        from groundswell.cli.call_command import CallCommand

        call = self._calls.get(cmd_name)
        return None if call is None else CallCommand(call)


class Application(click.Group):
    """The root of all commands. A plugin is imported when its command is asked for, or when the help lists it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Plugins and resources."""
        return sorted({*_plugins(), *contract.commands()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name."""
        if cmd_name in _plugins():
            return _loaded(_plugins()[cmd_name])
        return Resource(cmd_name) if cmd_name in contract.commands() else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the plugins, then the resources service by service."""
        if _plugins():
            with formatter.section("Commands"):
                formatter.write_dl([(name, _summary(name)) for name in sorted(_plugins())])
        services: dict[str, dict[str, list[str]]] = {}
        for call in contract.calls():
            services.setdefault(call.service, {}).setdefault(call.resource, []).append(call.verb)
        for service, resources in services.items():
            with formatter.section(f"Calls of {service.rpartition('.')[2]}"):
                formatter.write_dl([(name, ", ".join(sorted(verbs))) for name, verbs in sorted(resources.items())])


@click.group(cls=Application, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="groundswell", prog_name="groundswell", message="%(prog)s %(version)s")
def application() -> None:
    """Track what was posted, keep genuine engagement, and learn what works and how sure that is.

    Every call of the server is a command: `groundswell posts list`. The server is $GROUNDSWELL_TARGET, the API key
    $GROUNDSWELL_API_KEY.
    """


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and exits: 0 when all went well, else with a code of `failures`."""
    try:
        result = application.main(arguments, prog_name="groundswell", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has ended. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_BROKEN_PIPE)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        failure.show()
        sys.exit(failure.exit_code)
    sys.exit(result if isinstance(result, int) else 0)


@cache
def _plugins() -> Mapping[str, EntryPoint]:
    return {plugin.name: plugin for plugin in entry_points(group=PLUGINS)}


def _loaded(plugin: EntryPoint) -> click.Command:
    command: click.Command = plugin.load()
    return command


def _summary(name: str) -> str:
    try:
        return _loaded(_plugins()[name]).get_short_help_str(limit=100)
    except ModuleNotFoundError:
        return f"({NEEDS_SERVER})"
