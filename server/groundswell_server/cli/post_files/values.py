"""Values of cells: what text in a file means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, TypeVar

from groundswell_server.cli.post_files.drafts import RowFault

Row = Mapping[str, Any]
"""Column to value: text from CSV; text, numbers, lists and objects from JSON Lines. A missing column is None."""

MOST = 10**15
"""Numbers beyond it are no counts; below it a float holds every whole number exactly."""

EnumType = TypeVar("EnumType", bound=IntEnum)


def text(row: Row, column: str) -> str:
    """The text of a cell without space around it; empty when there is none."""
    value = row.get(column)
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise RowFault(column, "is not a text")
    found = str(value).strip()
    if any("\ud800" <= character <= "\udfff" for character in found):
        raise RowFault(column, "is not UTF-8")
    return found


def required_text(row: Row, column: str) -> str:
    """A text that must be there."""
    if found := text(row, column):
        return found
    raise RowFault(column, "is missing")


def count(row: Row, column: str) -> int | None:
    """A whole number, None when the cell is empty. "12.0" is 12: spreadsheets write it so beside empty cells."""
    found = text(row, column)
    if not found:
        return None
    try:
        value = float(found)
    except ValueError:
        raise RowFault(column, f"{found!r} is not a number") from None
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        raise RowFault(column, f"{found!r} is not a whole number")
    if abs(value) > MOST:
        raise RowFault(column, f"{found!r} is beyond what a count can be")
    return int(value)


def number_in(row: Row, column: str, first: int, last: int) -> int:
    """A whole number from `first` to `last` that must be there."""
    value = count(row, column)
    if value is None:
        raise RowFault(column, "is missing")
    if not first <= value <= last:
        raise RowFault(column, f"{value} is not from {first} to {last}")
    return value


def time(row: Row, column: str) -> datetime | None:
    """A time in ISO 8601; without a zone it is UTC. None when the cell is empty."""
    found = text(row, column)
    if not found:
        return None
    try:
        value = datetime.fromisoformat(found)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RowFault(column, f"{found!r} is not a time such as 2026-05-01T18:00:00Z") from None


def lacks_zone(row: Row, column: str) -> bool:
    """Whether a cell holds a time, which can be read, without its zone."""
    found = text(row, column)
    return bool(found) and datetime.fromisoformat(found).tzinfo is None


def member(row: Row, column: str, kind: type[EnumType], default: EnumType | None) -> EnumType:
    """A name of an enum, in any case; without a default it must be there."""
    found = text(row, column)
    name = found.upper().replace(" ", "_")
    if not found and default is not None:
        return default
    if name in kind.__members__ and kind[name] != 0:
        return kind[name]
    known = ", ".join(known.lower() for known, value in kind.__members__.items() if value)
    raise RowFault(column, f"{found!r} is not one of {known}" if found else f"is missing: one of {known}")


def texts(row: Row, column: str) -> tuple[str, ...]:
    """Several texts: a list in JSON, separated by spaces or commas in CSV."""
    value = row.get(column)
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise RowFault(column, "is not a list of texts")
        return tuple(value)
    return tuple(part for part in re.split(r"[\s,;]+", text(row, column)) if part)


def json_object(row: Row, column: str) -> dict[str, Any]:
    """A JSON object; empty when the cell is."""
    value = row.get(column)
    if isinstance(value, dict):
        return value
    found = text(row, column)
    try:
        value = json.loads(found) if found else {}
    except ValueError:
        raise RowFault(column, "is not JSON") from None
    if not isinstance(value, dict):
        raise RowFault(column, "is not a JSON object")
    return value
