"""Conversion of cells to values."""

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

MAX_VALUE = 10**15
"""Largest count. A float represents every whole number up to it exactly."""

EnumType = TypeVar("EnumType", bound=IntEnum)


def text(row: Row, column: str) -> str:
    """Returns the text of a cell without surrounding spaces; empty when there is none."""
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
    """Returns a required text."""
    if found := text(row, column):
        return found
    raise RowFault(column, "is missing")


def count(row: Row, column: str) -> int | None:
    """Returns a whole number, or None for an empty cell. "12.0" is 12, because spreadsheets write it that way."""
    found = text(row, column)
    if not found:
        return None
    try:
        value = float(found)
    except ValueError:
        raise RowFault(column, f"{found!r} is not a number") from None
    if value != value or value in (float("inf"), float("-inf")) or value != int(value):
        raise RowFault(column, f"{found!r} is not a whole number")
    if abs(value) > MAX_VALUE:
        raise RowFault(column, f"{found!r} is too large for a count")
    return int(value)


def number_in(row: Row, column: str, first: int, last: int) -> int:
    """Returns a required whole number from `first` to `last`."""
    value = count(row, column)
    if value is None:
        raise RowFault(column, "is missing")
    if not first <= value <= last:
        raise RowFault(column, f"{value} is not from {first} to {last}")
    return value


def time(row: Row, column: str) -> datetime | None:
    """Returns a time in ISO 8601, in UTC without a time zone, or None for an empty cell."""
    found = text(row, column)
    if not found:
        return None
    try:
        value = datetime.fromisoformat(found)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RowFault(column, f"{found!r} is not a time such as 2026-05-01T18:00:00Z") from None


def lacks_zone(row: Row, column: str) -> bool:
    """True when a cell holds a valid time without a time zone."""
    found = text(row, column)
    return bool(found) and datetime.fromisoformat(found).tzinfo is None


def member(row: Row, column: str, kind: type[EnumType], default: EnumType | None) -> EnumType:
    """Returns a name of an enum, in any case; required without a default."""
    found = text(row, column)
    name = found.upper().replace(" ", "_")
    if not found and default is not None:
        return default
    if name in kind.__members__ and kind[name] != 0:
        return kind[name]
    known = ", ".join(known.lower() for known, value in kind.__members__.items() if value)
    raise RowFault(column, f"{found!r} is not one of {known}" if found else f"is missing: one of {known}")


def texts(row: Row, column: str) -> tuple[str, ...]:
    """Returns several texts: a list in JSON, separated by spaces or commas in CSV."""
    value = row.get(column)
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise RowFault(column, "is not a list of texts")
        return tuple(value)
    return tuple(part for part in re.split(r"[\s,;]+", text(row, column)) if part)


def json_object(row: Row, column: str) -> dict[str, Any]:
    """Returns a JSON object; empty for an empty cell."""
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
