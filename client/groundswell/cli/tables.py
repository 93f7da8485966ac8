"""Rows for people: a table where the terminal is wide enough, else a block per row with one value per line.

Names and ids are never folded, so that they can be copied. Only values of several words are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_GAP = 2
"""Characters between two columns."""
_WORDS = 12
"""Smallest width to which a column of several words is folded."""


def draw(console: Console, rows: Sequence[Mapping[str, Any]], title: str) -> None:
    """Prints rows, which must not be empty and have the same keys."""
    texts = [{name: _text(value) for name, value in row.items()} for row in rows]
    if _narrowest(texts) > console.width:
        # A column without values only takes space that others need.
        used = [name for name in texts[0] if any(row[name] for row in texts)]
        texts = [{name: row[name] for name in used} for row in texts]
    if title:
        # A title of the table itself would be folded to the table's width.
        console.print(title, style="italic", markup=False)
    if _narrowest(texts) <= console.width:
        console.print(_table(texts, console.width))
        return
    for number, row in enumerate(texts):
        if number:
            console.print()
        _draw_alone(console, row)


def _narrowest(rows: Sequence[Mapping[str, str]]) -> int:
    """Returns the smallest width of a table of the rows."""
    return sum(_least(rows, name) for name in rows[0]) + _GAP * (len(rows[0]) - 1)


def _least(rows: Sequence[Mapping[str, str]], name: str) -> int:
    texts = [name, *(row[name] for row in rows)]
    longest = max(map(len, texts))
    return max(min(longest, _WORDS), *(len(word) for text in texts for word in text.split()))


def _table(rows: Sequence[Mapping[str, str]], room: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, width in _widths(rows, room).items():
        table.add_column(name, overflow="fold", width=width)
    for row in rows:
        table.add_row(*map(Text, row.values()))
    return table


def _widths(rows: Sequence[Mapping[str, str]], room: int) -> dict[str, int]:
    """Returns the width of each column: its content, or less where the terminal is narrow and it can be folded."""
    least = {name: _least(rows, name) for name in rows[0]}
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in least}
    excess = sum(widths.values()) + _GAP * (len(widths) - 1) - room
    for _ in range(excess):
        widest = max(widths, key=lambda name: widths[name] - least[name])
        widths[widest] -= 1
    return widths


def _draw_alone(console: Console, row: Mapping[str, str]) -> None:
    """Prints one value per line. A narrower terminal wraps the lines, which can still be copied as a whole."""
    width = max(map(len, row))
    for name, text in row.items():
        if text:
            console.print(f"{name:<{width}}  {text}", markup=False, soft_wrap=True)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
