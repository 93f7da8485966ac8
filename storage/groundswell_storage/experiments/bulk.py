"""Statements for many rows, for the hot path of counting.

SQLite gets lists of values in a few fixed lengths, so that its statements stay prepared: compiling a list of 500 rows
takes longer than running it. PostgreSQL gets a text array for each column, because its driver takes a microsecond to
convert each value of a list of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any, NamedTuple

from peewee import IntegrityError

from groundswell_storage.fields import to_json
from groundswell_storage.scope import Scope

_LENGTHS = (500, 256, 128, 64, 32, 16, 8, 4, 2, 1)
"""The numbers of rows in one statement of SQLite. A batch uses each length below the first at most once."""


class Column(NamedTuple):
    """The values of one column, one for each row."""

    type: str
    """The type in PostgreSQL: bigint, smallint, integer, double precision, bytea or text."""
    values: Sequence[Any]


def insert(
    scope: Scope, table: str, same: Mapping[str, object], columns: Mapping[str, Column], tail: str
) -> list[tuple[Any, ...]]:
    """Inserts rows into the workspace and returns the rows that the statements return.

    `same` holds the columns with the same value in all rows. `tail` is the end of the statement: its ON CONFLICT and
    RETURNING clauses.
    """
    rows = len(next(iter(columns.values())).values)
    same, columns = _apart({"workspace": scope.workspace, **same}, columns)
    if scope.database.dialect != "sqlite":
        found: list[tuple[Any, ...]] = _insert_arrays(scope, table, same, columns, tail).fetchall()
        return found
    return [
        row
        for start, length in _pieces(rows)
        for row in _insert_piece(scope, table, same, columns, start, length, tail).fetchall()
    ]


def insert_new(
    scope: Scope, table: str, same: Mapping[str, object], columns: Mapping[str, Column], key: str
) -> Sequence[int]:
    """Inserts the rows with new keys, one for each key; returns their positions.

    `key` is the column that identifies a row. When all rows are new, as nearly always, no key is read.
    """
    keys = columns[key].values
    same, columns = _apart({"workspace": scope.workspace, **same}, columns)
    skip = f"ON CONFLICT DO NOTHING RETURNING {key}"
    if scope.database.dialect != "sqlite":
        rows = _insert_arrays(scope, table, same, columns, skip)
        return range(len(keys)) if rows.rowcount == len(keys) else _places(keys, range(len(keys)), rows)
    found: list[int] = []
    for start, length in _pieces(len(keys)):
        try:
            # A failing statement inserts no row and leaves the transaction valid.
            _insert_piece(scope, table, same, columns, start, length, "")
            found += range(start, start + length)
        except IntegrityError:
            rows = _insert_piece(scope, table, same, columns, start, length, skip)
            found += _places(keys, range(start, start + length), rows)
    return found


def among(scope: Scope, type: str, values: Collection[Any]) -> tuple[str, Any]:
    """Returns the condition, to be written after a column, that it has one of these values, and its parameter."""
    if len(values) == 1:
        return "= ?", next(iter(values))
    if scope.database.dialect != "sqlite":
        return f"= ANY(?::{type}[])", _literal(Column(type, list(values)))
    return "IN (SELECT value FROM json_each(?))", to_json(list(values))


def _apart(same: Mapping[str, object], columns: Mapping[str, Column]) -> tuple[dict[str, object], dict[str, Column]]:
    """Moves constant columns to `same`, except the first column, which identifies a row."""
    _, *others = columns
    alike = [name for name in others if _are_alike(columns[name].values)]
    return (
        {**same, **{name: columns[name].values[0] for name in alike}},
        {name: column for name, column in columns.items() if name not in alike},
    )


def _are_alike(values: Sequence[Any]) -> bool:
    return bool(values[0] == values[-1] and values.count(values[0]) == len(values))


def _places(keys: Sequence[Any], among: Sequence[int], rows: Any) -> list[int]:
    """Returns the first position of each key that the rows contain."""
    fresh = {row[0] for row in rows.fetchall()}
    return sorted({keys[place]: place for place in reversed(among) if keys[place] in fresh}.values())


def _pieces(count: int) -> Iterator[tuple[int, int]]:
    """Yields the start and length of each statement for `count` rows."""
    start = 0
    for length in _LENGTHS:
        while count - start >= length:
            yield start, length
            start += length


def _insert_piece(
    scope: Scope,
    table: str,
    same: Mapping[str, object],
    columns: Mapping[str, Column],
    start: int,
    length: int,
    tail: str,
) -> Any:
    width, first = len(columns), len(same)
    parameters: list[object] = [*same.values(), *[None] * (width * length)]
    for place, column in enumerate(columns.values(), first):
        parameters[place::width] = column.values[start : start + length]
    return scope.execute(_list_statement(table, tuple(same), tuple(columns), length, tail), parameters)


@cache
def _list_statement(table: str, same: Sequence[str], columns: Sequence[str], length: int, tail: str) -> str:
    """Returns a statement in which a constant column has one parameter: each parameter costs a tenth of a row."""
    again = "".join(f"?{number}, " for number in range(1, len(same) + 1))
    numbers = count(len(same) + 1)
    rows = (f"({again}{', '.join(f'?{next(numbers)}' for _ in columns)})" for _ in range(length))
    return f"INSERT INTO {table} ({', '.join((*same, *columns))}) VALUES {', '.join(rows)} {tail}"


def _insert_arrays(
    scope: Scope, table: str, same: Mapping[str, object], columns: Mapping[str, Column], tail: str
) -> Any:
    types = tuple(column.type for column in columns.values())
    parameters = [*same.values(), *(_literal(column) for column in columns.values())]
    return scope.execute(_array_statement(table, tuple(same), tuple(columns), types, tail), parameters)


@cache
def _array_statement(table: str, same: Sequence[str], columns: Sequence[str], types: Sequence[str], tail: str) -> str:
    arrays = ", ".join(f"?::{type}[]" for type in types)
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} ({', '.join((*same, *columns))}) "
        f"SELECT {'?, ' * len(same)}{names} FROM unnest({arrays}) AS given({names}) {tail}"
    )


def _literal(column: Column) -> str:
    """Returns the text of a PostgreSQL array."""
    if column.type == "bytea":
        return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in column.values]) + "}"
    if column.type == "text":
        quoted = {value: _quoted(value) for value in set(column.values)}
        return "{" + ",".join([quoted[value] for value in column.values]) + "}"
    return "{" + ",".join(map(str, column.values)) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
