"""What the commands print: tables for people, JSON for programs, one line for what went wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell.errors import GroundswellError, Unauthenticated

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", metavar="", help="Print JSON instead of a table.")]
"""The option of every command that prints data."""


@cache
def console() -> Console:
    """Where people read. Made at its first use: a server that starts has none."""
    from rich.console import Console

    return Console(highlight=False)


def show(rows: Sequence[Mapping[str, Any]], as_json: bool, *, title: str = "", empty: str = "none") -> None:
    """Prints rows with the same keys: a table, or a JSON array. `empty` says to people that there are none."""
    if as_json:
        show_json(rows)
        return
    if not rows:
        console().print(empty, style="dim", markup=False)
        return
    from groundswell_server.cli.tables import draw

    draw(console(), rows, title)


def show_json(value: object) -> None:
    """Prints a value as JSON; times as protobuf's JSON has them, in UTC. Those without a zone are in UTC already."""
    print(json.dumps(value, indent=2, default=_plain))  # noqa: T201


def show_message(message: Message, **others: object) -> None:
    """Prints a message as JSON with the contract's names, and what else there is; whole numbers always as numbers."""
    from google.protobuf.json_format import MessageToDict

    told = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    show_json({**_with_numbers(message.DESCRIPTOR, told), **others})


def _with_numbers(kind: Any, told: Mapping[str, Any]) -> dict[str, Any]:
    """What protobuf's JSON tells of a message, with numbers of 64 bits in place of the strings it makes of them.

    `kind` is the message's descriptor, whichever implementation of protobuf it is from.
    """
    return {name: _with_number(kind.fields_by_name[name], value) for name, value in told.items()}


def _with_number(field: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_with_number(field, each) for each in value]
    if field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
        return int(value)
    kind = field.message_type
    if kind is None or kind.full_name.startswith("google.protobuf."):
        return value
    if kind.GetOptions().map_entry:
        return {key: _with_number(kind.fields_by_name["value"], each) for key, each in value.items()}
    return _with_numbers(kind, value)


def _plain(value: object) -> str:
    if not isinstance(value, datetime):
        return str(value)
    in_utc = value.astimezone(UTC) if value.tzinfo else value
    return f"{in_utc:%Y-%m-%dT%H:%M:%SZ}"


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


def is_interactive() -> bool:
    """True when a person looks at the output."""
    return sys.stdout.isatty()
