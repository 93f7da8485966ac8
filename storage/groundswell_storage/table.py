"""The base of all tables: each row belongs to a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Self, TypeVar

from peewee import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    DoubleField,
    FloatField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

from groundswell_storage.chunks import chunks
from groundswell_storage.engines.tracked_database import current_database

M = TypeVar("M", bound=Model)

_PLAIN_FIELDS = frozenset(
    (AutoField, BigAutoField, BigIntegerField, DoubleField, FloatField, IntegerField, SmallIntegerField, TextField)
)

if TYPE_CHECKING:
    from groundswell_storage.database import Database
"""Fields whose values need no conversion with either driver."""


def singular_snake_case(model: type[Model]) -> str:
    """Returns a table's name: `ContextItemRow` gives `context_item`. The suffix separates rows from domain classes."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", model.__name__.removesuffix("Row")).lower()


class SystemTable(Model):
    """The base of the few tables that belong to the deployment as a whole, not to a workspace."""

    class Meta:
        database = current_database
        legacy_table_names = False
        table_function = singular_snake_case


def kind_of(model: type[Model]) -> str:
    """Returns the name of the table, which names the kind of resource in messages and error reasons."""
    name: str = model._meta.table_name
    return name


class Table(SystemTable):
    """A table with a workspace in every row; used through `Scope`, which filters by it and fills it in."""

    workspace = TextField()

    @classmethod
    def by_id(cls, database: Database, workspace: str, id: str, *, lock: bool = False) -> Self | None:
        """Returns the row of this id in this workspace, or None.

        `lock` locks the row until the transaction ends (on PostgreSQL; a transaction of SQLite has the database to
        itself). The statement is built once, which is many times as fast as a query built by Peewee.
        """
        select, read = _select(cls)
        suffix = " FOR UPDATE" if lock and database.dialect != "sqlite" else ""
        found = database.execute(f"{select} AND id = ?{suffix}", (workspace, id)).fetchone()
        return None if found is None else read(found)

    @classmethod
    def rows(cls, database: Database, workspace: str, condition: str, parameters: Sequence[object]) -> list[Self]:
        """Returns this workspace's rows that meet a condition in SQL, as fast as `by_id`; callers use `Scope.rows`."""
        select, read = _select(cls)
        found = database.execute(f"{select} AND {condition}", (workspace, *parameters)).fetchall()
        return list(map(read, found))

    @classmethod
    def insert_row(cls, database: Database, row: Any) -> None:
        """Writes a new row; callers use `Scope.insert`."""
        sql, fields, key = _insert(cls)
        if key is not None and row.__data__.get(key) is None:
            returning = "" if database.dialect == "sqlite" else f' RETURNING "{key}"'
            cursor = database.execute(sql + returning, _values(fields, row.__data__))
            row.__data__[key] = cursor.fetchone()[0] if returning else cursor.lastrowid
        else:
            database.execute(sql, _values(fields, row.__data__))
        for field in fields:
            row.__data__.setdefault(field.name, None)
        row._dirty.clear()

    @classmethod
    def insert_rows(
        cls, database: Database, workspace: str, rows: Iterable[Mapping[str, Any]], *, skip_existing: bool = False
    ) -> int:
        """Writes many new rows in few statements; callers use `Scope.insert_many`."""
        sql, fields, _ = _insert(cls)
        tail = " ON CONFLICT DO NOTHING" if skip_existing else ""
        values = _reader_of_values(cls, fields, workspace)
        if database.dialect == "sqlite":
            return database.execute_many(sql + tail, map(values, rows))
        head, _, one = sql.partition(" VALUES ")
        written = 0
        for chunk in chunks(map(values, rows), min(_CHUNK_ROWS, _PARAMETER_LIMIT // len(fields))):
            statement = f"{head} VALUES {', '.join([one] * len(chunk))}{tail}"
            written += database.execute(statement, list(chain.from_iterable(chunk))).rowcount
        return written


_CHUNK_ROWS = 500
_PARAMETER_LIMIT = 60_000
"""PostgreSQL accepts 65,535 parameters in a statement."""


@cache
def _select(model: type[M]) -> tuple[str, Callable[[Sequence[Any]], M]]:
    """Returns the beginning of a query of whole rows of a workspace, and the function that reads them."""
    columns = ", ".join(f'"{field.column_name}"' for field in model._meta.sorted_fields)
    return f'SELECT {columns} FROM "{model._meta.table_name}" WHERE workspace = ?', row_reader(model)


@cache
def _insert(model: type[Model]) -> tuple[str, list[Any], str | None]:
    """Returns the statement for one row, its fields, and the key that the database numbers itself, if any."""
    primary: Any = model._meta.primary_key
    key = primary.name if model._meta.auto_increment else None
    fields = [field for field in model._meta.sorted_fields if field.name != key]
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    marks = ", ".join("?" * len(fields))
    return f'INSERT INTO "{model._meta.table_name}" ({columns}) VALUES ({marks})', fields, key


def _values(fields: Sequence[Any], data: Mapping[str, Any]) -> list[object]:
    return [field.db_value(data.get(field.name)) for field in fields]


def _reader_of_values(
    model: type[Model], fields: Sequence[Any], workspace: str
) -> Callable[[Mapping[str, Any]], list[object]]:
    """Returns the function that makes the parameters of a new row, with its defaults; the same for all rows."""
    meta: Any = model._meta
    defaults = {**meta.get_default_dict(), "workspace": workspace}
    names = [field.name for field in fields]
    converters = _converters(fields, "db_value")

    def values(row: Mapping[str, Any]) -> list[object]:
        found = list(map({**defaults, **row}.get, names))
        for index, convert in converters:
            if found[index] is not None:
                found[index] = convert(found[index])
        return found

    return values


def _converters(fields: Sequence[Any], method: str) -> list[tuple[int, Callable[[Any], Any]]]:
    """Returns the positions and methods of the fields whose values need a conversion with a driver."""
    return [(index, getattr(field, method)) for index, field in enumerate(fields) if type(field) not in _PLAIN_FIELDS]


def row_reader(model: type[M]) -> Callable[[Sequence[Any]], M]:
    """Returns the function that makes a row object of a tuple of all columns in the order of declaration."""
    fields = model._meta.sorted_fields
    names = [field.name for field in fields]
    converters = _converters(fields, "python_value")

    def read(values: Sequence[Any]) -> M:
        cells = list(values)
        for index, convert in converters:
            cells[index] = convert(cells[index])
        row = model(__no_default__=1)
        row.__data__ = dict(zip(names, cells, strict=True))
        return row

    return read
