"""The options of every command that reaches a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from groundswell.cli.options import SectionedOption

if TYPE_CHECKING:
    from groundswell import Client, Tls

Command = TypeVar("Command", bound=Callable[..., Any])

_SECTION = "Connection"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "--target": {"metavar": "HOST:PORT", "help": "The server; $GROUNDSWELL_TARGET, or localhost:50051."},
    "--api-key": {
        "metavar": "KEY",
        "help": "The API key. $GROUNDSWELL_API_KEY does not show it in the list of processes.",
    },
    "--ca": {"type": _FILE, "help": "PEM file of the CA of the server's certificate; $GROUNDSWELL_CA."},
    "--certificate": {
        "type": _FILE,
        "help": "PEM file of the client's own certificate, for mutual TLS; $GROUNDSWELL_CERTIFICATE.",
    },
    "--private-key": {"type": _FILE, "help": "PEM file of the key of --certificate; $GROUNDSWELL_PRIVATE_KEY."},
    "--insecure": {"is_flag": True, "help": "Reach another machine without TLS. Sends the API key in the clear."},
}


def connection_options() -> list[click.Option]:
    """New options for a command; `connect` reads what was given."""
    return [SectionedOption([flag], section=_SECTION, **options) for flag, options in _OPTIONS.items()]


def with_connection(command: Command) -> Command:
    """Decorates a command function: it takes the connection options as keyword arguments, for `connect`."""
    existing: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*reversed(connection_options()), *existing]  # type: ignore[attr-defined]
    return command


def connect(options: Mapping[str, Any]) -> Client:
    """A client of the server that the options of a command name."""
    from groundswell import Client

    tls = tls_of(options)
    return Client(options["target"], api_key=options["api_key"], tls=tls, insecure=options["insecure"])


def tls_of(options: Mapping[str, Any]) -> Tls | None:
    """The certificates that the options name; None when they name none."""
    files = {name: options[name] for name in ("ca", "certificate", "private_key")}
    if not any(files.values()):
        return None
    from groundswell import Tls

    return Tls(root_certificates=files["ca"], certificate=files["certificate"], key=files["private_key"])


def names(parameters: Iterable[click.Parameter]) -> set[str]:
    """All long flags of parameters."""
    return {flag for each in parameters for flag in (*each.opts, *each.secondary_opts) if flag.startswith("--")}
