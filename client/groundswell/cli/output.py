"""Output of commands: tables for people; JSON, YAML, CSV and names for programs."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import click

from groundswell.cli import messages

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from rich.console import Console

FORMATS: Final = ("table", "json", "jsonl", "yaml", "csv", "name")

_UNLIMITED = 1_000_000
"""Characters of a line in a pipe or a file, where nothing is wrapped."""


@cache
def console() -> Console:
    """Returns the console for text for people. It is created lazily, because `groundswell serve` needs none."""
    from rich.console import Console

    return Console(highlight=False, width=None if is_interactive() else _width())


def is_interactive() -> bool:
    """True when the output is a terminal."""
    return sys.stdout.isatty()


def show(rows: Sequence[Mapping[str, Any]], as_json: bool = False, *, title: str = "", empty: str = "none") -> None:
    """Prints rows with the same keys as a table or as a JSON array. `empty` is shown to people when there are none."""
    if as_json:
        show_json(rows)
        return
    if not rows:
        console().print(empty, style="dim", markup=False)
        return
    from groundswell.cli.tables import draw

    draw(console(), rows, title)


def show_json(value: object) -> None:
    """Prints a value as JSON. Times are written as protobuf's JSON does, in UTC; those without a zone are in UTC."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=_encodable))


def show_message(message: Message, form: str = "table", columns: Sequence[str] = ()) -> None:
    """Prints an answer in one of FORMATS. Programs get the whole response, people what is in it."""
    if form == "json":
        show_json(messages.plain(message))
    elif form == "jsonl":
        _print_line(messages.plain(message))
    elif form == "yaml":
        click.echo(_yaml(messages.plain(message)), nl=False)
    elif form == "csv":
        _show_csv([messages.unwrapped(message)], columns)
    elif form == "name":
        click.echo(_name(messages.unwrapped(message)))
    else:
        _describe(messages.unwrapped(message), columns)


def show_items(
    items: Iterable[Message], form: str = "table", columns: Sequence[str] = (), *, empty: str = "none"
) -> None:
    """Prints the items of a list in one of FORMATS; all except tables are written while the pages arrive."""
    if form == "json":
        _show_array(items)
    elif form == "yaml":
        for item in items:
            click.echo(_yaml([messages.plain(item)]), nl=False)
    elif form == "csv":
        _show_csv(items, columns)
    elif form == "table":
        show(_table_rows(items, columns), empty=empty)
    else:
        for item in items:
            show_message(item, form)


def show_stream(stream: Iterable[Message], form: str = "table", columns: Sequence[str] = ()) -> None:
    """Prints the messages of a stream in one of FORMATS, each as soon as it arrives."""
    if form == "csv":
        _show_csv(stream, columns)
        return
    for number, message in enumerate(stream):
        if number and form in ("table", "yaml"):
            click.echo("" if form == "table" else "---")
        show_message(message, form, columns)
        sys.stdout.flush()


def _table_rows(items: Iterable[Message], columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows for a table; without `columns`, those that hold something in at least one row."""
    if columns:
        return [{name: _column(item, name) for name in columns} for item in items]
    rows = [messages.row(item) for item in items]
    used = [name for name in rows[0] if any(row[name] for row in rows)] if rows else []
    return [{name: row[name] for name in used} for row in rows]


def _describe(message: Message, columns: Sequence[str]) -> None:
    """A value a line, then a table for each repeated message."""
    if columns:
        show(_table_rows([message], columns))
        return
    values = dict(messages.leaves(message))
    width = max(map(len, values), default=0)
    for name, value in values.items():
        console().print(f"{name:<{width}}  {value}", markup=False, soft_wrap=True)
    for name, items in messages.parts(message):
        if values:
            console().print()
        show(_table_rows(items, ()), title=name)


def _show_array(items: Iterable[Message]) -> None:
    opening = "["
    for item in items:
        body = json.dumps(messages.plain(item), indent=2, ensure_ascii=False).replace("\n", "\n  ")
        click.echo(f"{opening}\n  {body}", nl=False)
        opening = ","
    click.echo("[]" if opening == "[" else "\n]")


def _show_csv(items: Iterable[Message], columns: Sequence[str]) -> None:
    iterator = iter(items)
    first = next(iterator, None)
    if first is None:
        return
    names = columns or list(messages.columns(first.DESCRIPTOR))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    for item in chain([first], iterator):
        writer.writerow([_column(item, name) for name in names])


def _column(item: Message, name: str) -> str:
    try:
        return messages.column(item, name)
    except KeyError:
        known = ", ".join(messages.columns(item.DESCRIPTOR))
        raise click.BadParameter(f"there is no column {name!r}; there are {known}") from None


def _name(message: Message) -> str:
    found = messages.identifier(message)
    if not found:
        raise click.UsageError(f"{message.DESCRIPTOR.name} has no id, key or name; choose another format than `name`")
    return found


def _print_line(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _yaml(value: object) -> str:
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=_UNLIMITED))


def _encodable(value: object) -> str:
    if not isinstance(value, datetime):
        return str(value)
    in_utc = value.astimezone(UTC) if value.tzinfo else value
    return f"{in_utc:%Y-%m-%dT%H:%M:%SZ}"


def _width() -> int:
    """The width that COLUMNS names, for people who read a pipe; else none that matters."""
    return shutil.get_terminal_size((_UNLIMITED, 24)).columns
