"""What the commands print: tables for people, JSON for programs, one line for what went wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell.errors import GroundswellError, Unauthenticated

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON instead of a table.")]
"""The option of every command that prints data."""


@cache
def console() -> Console:
    """Where people read. Made at its first use: a server that starts has none."""
    from rich.console import Console

    return Console(highlight=False)


def show(rows: Sequence[Mapping[str, Any]], as_json: bool, *, title: str = "", empty: str = "nothing") -> None:
    """Prints rows with the same keys: a table, or a JSON array."""
    if as_json:
        show_json(rows)
        return
    if not rows:
        console().print(empty, style="dim")
        return
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(rows[0]):
        # What a row is called by stays in one piece, so that it can be copied.
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console().print(table)


def show_json(value: object) -> None:
    """Prints a value as JSON; times in ISO 8601."""
    print(json.dumps(value, indent=2, default=_plain))  # noqa: T201


def _plain(value: object) -> str:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def complain(error: BaseException) -> None:
    """One line on stderr: what is wrong, and what cures it where that is known."""
    cure = _cure(error)
    line = " ".join(str(error).split())
    from rich.console import Console

    said = f"error: {line}" + (f"\n  {cure}" if cure else "")
    Console(stderr=True, highlight=False).print(said, markup=False, soft_wrap=True)


def _cure(error: BaseException) -> str:
    from groundswell_storage.errors import NotFound

    if isinstance(error, Unauthenticated):
        return "set GROUNDSWELL_API_KEY; `groundswell keys create NAME --role writer` makes a key"
    if isinstance(error, GroundswellError) and error.reason == "EXPERIMENT_NOT_FOUND":
        return "`groundswell experiments list` shows the experiments of the workspace with their keys"
    if isinstance(error, GroundswellError) and error.reason == "ROLLOUT_NOT_FOUND":
        return "`groundswell rollouts list` shows the rollouts of the workspace with their keys"
    if isinstance(error, GroundswellError) and error.retry_after is not None:
        return f"try again in {error.retry_after.total_seconds():g} s"
    if isinstance(error, NotFound) and error.kind == "api_key":
        return "`groundswell keys list --workspace NAME` shows the keys of a workspace with their ids"
    return ""


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def is_interactive() -> bool:
    """True when a person looks at the output."""
    return sys.stdout.isatty()
