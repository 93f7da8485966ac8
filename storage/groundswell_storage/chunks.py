"""Splits many values into parts, for statements that cannot take them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

V = TypeVar("V")


def chunks(values: Iterable[V], size: int) -> Iterator[list[V]]:
    """Returns the values in their order, `size` at a time; the last part may have fewer."""
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk
