"""Conversions between rows, JSON values and the frozen dataclasses of the domain, by the names of their fields.

    @dataclass(frozen=True, slots=True)
    class Persona:
        id: str
        handles: tuple[Handle, ...]
        etag: str

    record_of(Persona, row)                     # every field is the row's column of that name
    record_of(Connection, row, state=current)   # except for those that are computed

Conversions follow the type hints: a number becomes the member of an `IntEnum`, a number of seconds a timedelta, a
number of microseconds since 1970 a datetime, a JSON object the dataclass with its fields, a list a tuple. `plain` goes
the other way. The dataclasses of a union declare `tag: ClassVar[str]`, which is stored under "is".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from groundswell_storage.fields import from_micros, to_micros

R = TypeVar("R")
Convert = Callable[[Any], Any]


def record_of(record: type[R], row: Any, /, **computed: Any) -> R:
    """Returns the dataclass `record` filled from the columns of the same names; `computed` has the other fields.

    A field `etag` without a column is the etag of the row's version. A column that is null gives "" for a field of
    type `str`. Raises AttributeError for a field that is neither a column nor computed.
    """
    values: dict[str, Any] = {}
    for name, convert in _plan(cast(Any, record)):
        if name in computed:
            values[name] = computed[name]
        elif name == "etag":
            values[name] = f"v{row.version}"
        else:
            value = getattr(row, name)
            values[name] = value if convert is None else convert(value)
    return record(**values)


def from_plain(record: type[R], values: Mapping[str, Any]) -> R:
    """Returns the dataclass with the fields of a JSON object; fields that it lacks keep their defaults."""
    return record(**converted(record, values))


def converted(record: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those values of a JSON object that the dataclass has fields for, as it has them."""
    return {
        name: values[name] if convert is None else convert(values[name])
        for name, convert in _plan(cast(Any, record))
        if name in values
    }


def values_of(record: Any) -> dict[str, Any]:
    """Returns the fields of a dataclass with their values as they are."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def plain(value: Any) -> Any:
    """Returns the JSON form of a value; see the description of this module."""
    if is_dataclass(value) and not isinstance(value, type):
        tag = {"is": value.tag} if hasattr(value, "tag") else {}
        return tag | {name: plain(inner) for name, inner in values_of(value).items()}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return to_micros(value)
    return int(value) if isinstance(value, IntEnum) else value


@cache
def _plan(record: type[Any]) -> tuple[tuple[str, Convert | None], ...]:
    """The fields of a dataclass with the functions that convert their values, made once."""
    hints = get_type_hints(record)
    return tuple((field.name, _converter(hints[field.name])) for field in fields(record))


def _converter(hint: Any) -> Convert | None:
    """Returns the function that makes values of this type, or None where they need no conversion."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        tagged = {argument.tag: argument for argument in arguments if hasattr(argument, "tag")}
        if tagged:
            return partial(_tagged, tagged)
        inner = [_converter(argument) for argument in arguments if argument is not NoneType and argument is not str]
        return partial(_optional, inner[0]) if len(inner) == 1 and inner[0] is not None else None
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        convert = _converter(arguments[0])
        return tuple if convert is None else partial(_tuple, convert)
    if hint is str:
        return _text
    if hint in _CONVERTERS:
        return _CONVERTERS[hint]
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return hint
    return partial(_object, hint) if is_dataclass(hint) else None


def _optional(convert: Convert, value: Any) -> Any:
    return None if value is None else convert(value)


def _tuple(convert: Convert, value: Any) -> tuple[Any, ...]:
    return tuple(map(convert, value))


def _tagged(records: Mapping[str, Any], value: Any) -> Any:
    return from_plain(records[value["is"]], value) if isinstance(value, Mapping) else value


def _seconds(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=value)


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else from_micros(value)


_CONVERTERS: Mapping[Any, Convert] = {timedelta: _seconds, datetime: _instant}


def _text(value: str | None) -> str:
    return value or ""


def _object(record: Any, value: Any) -> Any:
    return value if isinstance(value, record) else from_plain(record, value)
