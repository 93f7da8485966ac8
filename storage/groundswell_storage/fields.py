"""Columns that behave the same on every database.

Peewee's types come from its stubs. Each field here is declared once for the type checker and once for run time, because
Peewee's fields are generic only in the stubs.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from peewee import BigIntegerField, Field, JSONField, Node, SmallIntegerField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
"""The unit in which lengths of time are stored."""

V = TypeVar("V")
E = TypeVar("E", bound=IntEnum)


def to_micros(instant: datetime) -> int:
    """Returns an aware datetime as microseconds since 1970; raises TypeError for a naive one."""
    return (instant - _EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Returns microseconds since 1970 as an aware UTC datetime, exactly (without a float in between)."""
    return _EPOCH + timedelta(microseconds=micros)


def to_json(value: Any) -> str:
    """Returns compact JSON; raises ValueError for NaN and infinity, which PostgreSQL refuses."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=False)

if TYPE_CHECKING:

    class InstantField(Field[V]):
        """An aware UTC datetime, stored as a BIGINT of microseconds since 1970."""

        @overload
        def __new__(cls, *, null: Literal[True], **options: Any) -> InstantField[datetime | None]: ...
        @overload
        def __new__(cls, *, null: Literal[False] = ..., **options: Any) -> InstantField[datetime]: ...
        def __new__(cls, **options: Any) -> Any: ...

    class BytesField(Field[V]):
        """Bytes: BLOB in SQLite, BYTEA in PostgreSQL."""

        @overload
        def __new__(cls, *, null: Literal[True], **options: Any) -> BytesField[bytes | None]: ...
        @overload
        def __new__(cls, *, null: Literal[False] = ..., **options: Any) -> BytesField[bytes]: ...
        def __new__(cls, **options: Any) -> Any: ...

    class JsonField(JSONField):
        """A JSON object or array: TEXT in SQLite, JSONB in PostgreSQL; `Model.field["key"]` reads inside it."""

    class EnumField(Field[E]):
        """A member of an `IntEnum`, stored as a SMALLINT with its number."""

        def __new__(cls, members: type[E], **options: Any) -> EnumField[E]: ...

else:

    class InstantField(BigIntegerField):  # noqa: D101 - documented above
        def db_value(self, value: datetime | None) -> int | None:
            return value if value is None or isinstance(value, (int, Node)) else to_micros(value)

        def python_value(self, value: int | None) -> datetime | None:
            return value if value is None else from_micros(value)

    class BytesField(Field):  # noqa: D101
        # Not Peewee's BlobField: it asks the most recently connected database for its wrapper type, which is wrong as
        # soon as a process has two. Both drivers take and return bytes as they are.
        field_type = "BLOB"

        def python_value(self, value: bytes | memoryview | None) -> bytes | None:
            return value if value is None or isinstance(value, bytes) else bytes(value)

    class JsonField(JSONField):  # noqa: D101
        # Objects and arrays only, so that text read from the database is always JSON text (SQLite) and never a string
        # that PostgreSQL has decoded already. Written as text, which PostgreSQL casts to the column's type.
        def db_value(self, value: Any) -> Any:
            return value if value is None or isinstance(value, Node) else to_json(value)

        def python_value(self, value: Any) -> Any:
            return json.loads(value) if isinstance(value, (str, bytes)) else value

    class EnumField(SmallIntegerField):  # noqa: D101
        def __init__(self, members: type[IntEnum], **options: Any) -> None:
            super().__init__(**options)
            self._members = {int(member): member for member in members}

        def db_value(self, value: Any) -> Any:
            return int(value) if isinstance(value, int) else value

        def python_value(self, value: int | None) -> Any:
            return self._members.get(value, value)


__all__ = ["MICROSECOND", "BytesField", "EnumField", "InstantField", "JsonField", "from_micros", "to_json", "to_micros"]
