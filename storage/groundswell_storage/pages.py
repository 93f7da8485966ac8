"""Keyset pages: the newest first, stable while rows come in, as fast on the last page as on the first."""

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

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list."""

    items: Sequence[Item]
    next_page_token: str
    """Empty on the last page."""

    def map(self, convert: Callable[[Item], Other]) -> Page[Other]:
        """The same page of something else."""
        return Page([convert(item) for item in self.items], self.next_page_token)


def read_page(
    query: ModelSelect[T],
    *,
    time: Any,
    id: Any,
    page_size: int,
    page_token: str,
    bound_to: Sequence[object],
) -> Page[T]:
    """Runs the query for one page, ordered by (time, id), newest first.

    `time` is the table's InstantField and `id` its key, both columns of the rows selected. `page_size` 0 means 50,
    more than 1000 means 1000. `bound_to` are the workspace and all filters of the query: a token of another query
    raises InvalidArgument (`PAGE_TOKEN_INVALID`), and so does one that was made up.
    """
    size = page_length(page_size)
    binding = _digest(bound_to)
    if page_token:
        after_time, after_id = _decode(page_token, binding)
        # The first comparison is implied by the second; with it the index gives a range.
        query = query.where((time <= after_time) & ((time < after_time) | (id < after_id)))
    rows = list(query.order_by(time.desc(), id.desc()).limit(size + 1))
    if len(rows) <= size:
        return Page(rows, "")
    last = rows[size - 1]
    return Page(rows[:size], _encode(getattr(last, time.name), getattr(last, id.name), binding))


def page_length(page_size: int) -> int:
    """The number of items for a requested `page_size`; a negative one raises InvalidArgument."""
    if page_size < 0:
        raise errors.InvalidArgument.of("page_size", "must not be negative", reason="PAGE_SIZE_INVALID")
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _digest(bound_to: Sequence[object]) -> str:
    text = json.dumps(bound_to, default=lambda it: sorted(it) if isinstance(it, (set, frozenset)) else str(it))
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


def _encode(time: datetime, id: str, binding: str) -> str:
    text = json.dumps([binding, to_micros(time), id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(page_token: str, binding: str) -> tuple[datetime, str]:
    try:
        found = json.loads(base64.urlsafe_b64decode(page_token + "=" * (-len(page_token) % 4)))
        token_binding, micros, id = found
        if not isinstance(id, str) or type(micros) is not int:
            raise ValueError
        time = from_micros(micros)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise _invalid("is not one that this service gave out") from None
    if token_binding != binding:
        raise _invalid("belongs to a list with other filters: ask for the first page again")
    return time, id


def _invalid(description: str) -> errors.InvalidArgument:
    return errors.InvalidArgument.of("page_token", description, reason="PAGE_TOKEN_INVALID")
