"""Keyset pages: newest first, stable while rows are added, as fast on the last page as on the first."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from peewee import ModelSelect

from groundswell_storage import errors
from groundswell_storage.fields import from_micros, to_micros
from groundswell_storage.table import Table

T = TypeVar("T", bound=Table)
Item = TypeVar("Item")
Other = TypeVar("Other")
Place = tuple[datetime, str]
"""The place of a row in its list: time and id."""

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
MAX_CHARACTERS = 2**21
"""The maximum number of characters of the texts on a page of several items, so that a page fits gRPC's default
limit of 4 MiB."""
_FIRST_ROWS = 50
"""Rows read in the first statement, before their size is known."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list."""

    items: Sequence[Item]
    next_page_token: str
    """Empty on the last page."""

    def map(self, convert: Callable[[Item], Other]) -> Page[Other]:
        """Returns the same page with converted items."""
        return Page([convert(item) for item in self.items], self.next_page_token)


def read_page(
    query: ModelSelect[T],
    *,
    time: Any,
    id: Any,
    page_size: int,
    page_token: str,
) -> Page[T]:
    """Runs the query for one page, ordered by (time, id), newest first.

    `time` is the table's InstantField and `id` its key, both columns of the rows selected. `page_size` 0 means 50,
    more than 1000 means 1000; a page of large rows has fewer (`MAX_CHARACTERS`), but at least one. A token belongs to
    its query, workspace and filters included: a token of another query, or an invented one, raises InvalidArgument
    (`PAGE_TOKEN_INVALID`).
    """
    size = page_length(page_size)
    after: Place | None = _decode(page_token, _digest(query)) if page_token else None
    rows: list[T] = []
    taken, more, wanted = 0, True, min(size, _FIRST_ROWS)
    while more and wanted > 0:
        found = _read_after(query, time, id, after, wanted + 1)
        more = len(found) > wanted
        for row in found[:wanted]:
            taken += _characters(row.__data__)
            if rows and taken > MAX_CHARACTERS:
                return Page(rows, _encode(after, _digest(query)))
            rows.append(row)
            after = getattr(row, time.name), getattr(row, id.name)
        # As many as probably fit, by the rows read so far: both the rows read and the rows returned stay bounded.
        wanted = min(size - len(rows), (MAX_CHARACTERS - taken) * len(rows) // max(taken, 1) + 1)
    return Page(rows, _encode(after, _digest(query)) if more else "")


def _read_after(query: ModelSelect[T], time: Any, id: Any, after: Place | None, count: int) -> list[T]:
    if after is not None:
        # The first comparison is implied by the second; with it the index gives a range.
        query = query.where((time <= after[0]) & ((time < after[0]) | (id < after[1])))
    return list(query.order_by(time.desc(), id.desc()).limit(count))


def _characters(value: Any) -> int:
    """Returns the number of characters of all texts in a row, or in the value of a column."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_characters, value)) + sum(map(_characters, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_characters, value))
    return 8 if isinstance(value, (int, float)) else 0


def page_length(page_size: int) -> int:
    """Returns the number of items for a requested `page_size`; a negative one raises InvalidArgument."""
    if page_size < 0:
        raise errors.InvalidArgument.of("page_size", "must not be negative", reason="PAGE_SIZE_INVALID")
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _digest(query: ModelSelect[T]) -> str:
    sql, parameters = query.sql()
    return hashlib.blake2b(repr((sql, parameters)).encode(), digest_size=9).hexdigest()


def _encode(place: Place | None, binding: str) -> str:
    if place is None:
        return ""
    time, id = place
    text = json.dumps([binding, to_micros(time), id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(page_token: str, binding: str) -> Place:
    try:
        found = json.loads(base64.urlsafe_b64decode(page_token + "=" * (-len(page_token) % 4)))
        token_binding, micros, id = found
        if not isinstance(id, str) or type(micros) is not int:
            raise ValueError
        time = from_micros(micros)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _invalid("is not a page token of this service: use the next_page_token of the last page") from None
    if token_binding != binding:
        raise _invalid("belongs to a list with other filters: request the first page again")
    return time, id


def _invalid(description: str) -> errors.InvalidArgument:
    return errors.InvalidArgument.of("page_token", description, reason="PAGE_TOKEN_INVALID")
