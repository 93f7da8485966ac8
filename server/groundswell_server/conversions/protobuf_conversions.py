"""Conversions between protobuf messages and Python values: times, JSON objects, enums, field masks, dataclasses.

Only the `messages` modules of the areas use them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeVar, cast

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from groundswell_storage.errors import InvalidArgument
from groundswell_storage.fields import from_micros
from groundswell_storage.records import converted, from_plain

Word = TypeVar("Word", bound=IntEnum)
Sent = TypeVar("Sent", bound=Message)
Record = TypeVar("Record")

_SECONDS = range(-2208988800, 221845392000)
"""The years 1900 to 8999. No post is older or newer, and the ends of Python's calendar, years 1 and 9999, cannot be
converted to another time zone or moved by a week."""
_EXACT = 2**53
"""Whole numbers below it are exact in a double, and are returned as int."""
_MAX_KIB = 256
"""Size of a JSON object, which is stored, copied to the audit log and returned in lists."""


def time_in(message: Message, field: str, path: str = "") -> datetime | None:
    """Returns a Timestamp field as an aware UTC datetime to the microsecond; None when it is absent.

    Raises InvalidArgument for an invalid time, naming `path`, or the field without one.
    """
    if not message.HasField(field):
        return None
    stamp: Timestamp = getattr(message, field)
    if stamp.seconds not in _SECONDS or not 0 <= stamp.nanos < 1_000_000_000:
        raise InvalidArgument.of(path or field, "must be a time between the years 1900 and 8999")
    return from_micros(stamp.seconds * 1_000_000 + stamp.nanos // 1000)


def json_in(message: Message, field: str, path: str = "") -> dict[str, Any] | None:
    """Returns a Struct field as a JSON object; None when it is absent.

    Raises InvalidArgument for one of more than 256 KiB, and for NaN, infinity and NUL characters, which JSON and
    databases do not have.
    """
    if not message.HasField(field):
        return None
    struct: Struct = getattr(message, field)
    if struct.ByteSize() > _MAX_KIB * 1024:
        raise InvalidArgument.of(path or field, f"must be at most {_MAX_KIB} KiB, got {struct.ByteSize()} bytes")
    return _object(struct, path or field)


def paging_in(request: Any) -> dict[str, Any]:
    """Returns the page that a list request selects, as the arguments of the function that reads it."""
    return {"page_size": request.page_size, "page_token": request.page_token}


def word_in(words: type[Word], number: int, path: str) -> Word:
    """Returns an enum value by its number. Raises InvalidArgument for a number that is not in the contract."""
    try:
        return words(number)
    except ValueError:
        raise InvalidArgument.of(path, f"must be a value of the contract, got {number}") from None


def paths_in(mask: FieldMask, message: Message, allowed: Collection[str]) -> list[str]:
    """Returns the fields that an update names: those of the mask, or without one all allowed fields that are set.

    Raises InvalidArgument naming a path that cannot be changed.
    """
    for path in mask.paths:
        if path not in allowed:
            known = ", ".join(sorted(allowed))
            raise InvalidArgument.of(
                "update_mask", f"{path[:100]!r} cannot be changed; the fields that can are {known}"
            )
    if mask.paths:
        return list(dict.fromkeys(mask.paths))
    return [field.name for field, _ in message.ListFields() if field.name in allowed]


def fields_of(record: Any) -> dict[str, Any]:
    """Returns the fields of a slotted dataclass as arguments of the message that has the same fields.

    The message's constructor takes datetimes, dictionaries for Struct, numbers for enums, and None for absent fields.
    Nested dataclasses become dictionaries, which it takes for messages.
    """
    return {name: _plain(getattr(record, name)) for name in record.__slots__}


def message_of(kind: type[Sent], record: Any) -> Sent:
    """Returns the message that has the fields of a slotted dataclass."""
    return kind(**fields_of(record))


def record_in(record: type[Record], message: Message, path: str = "", **known: Any) -> Record:
    """Returns a dataclass filled from the fields of a message that have the same names.

    An absent optional field and an absent message are None, a Timestamp is a datetime, a Struct a dictionary; enums,
    messages and repeated fields get the types of the dataclass. `path` is put before the names of fields in errors;
    fields that are `known` are not read. Raises InvalidArgument as `time_in` and `json_in` do.
    """
    own = message.DESCRIPTOR.fields_by_name
    names = [field.name for field in fields(cast(Any, record)) if field.name in own and field.name not in known]
    return record(**converted(record, _values_in(message, names, path)), **known)


def given_in(record: type[Record], message: Message, path: str = "", without: Collection[str] = ()) -> Record:
    """Returns a dataclass filled from the fields of a message that are set; the others keep their defaults.

    A field without presence is set when it is not zero or empty. Fields in `without` are left out. Raises
    InvalidArgument as `time_in` and `json_in` do.
    """
    return from_plain(record, {name: value for name, value in _given_in(message, path).items() if name not in without})


def _given_in(message: Message, path: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.message_type is not None and field.is_repeated:
            given[field.name] = [_given_in(one, f"{path}{field.name}[{place}].") for place, one in enumerate(value)]
        elif field.message_type is None or field.message_type.full_name.startswith("google.protobuf."):
            given[field.name] = _field_in(message, field, f"{path}{field.name}")
        else:
            given[field.name] = _given_in(value, f"{path}{field.name}.")
    return given


def shared_fields(kind: type[Message], record: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """Returns the attributes of a record that the message has fields for, as the message's constructor takes them.

    The same holds for the dataclasses in its attributes.
    """
    return _shared(kind.DESCRIPTOR, record, without)


def _shared(descriptor: Any, record: Any, without: Collection[str] = ()) -> dict[str, Any]:
    names = [name for name in descriptor.fields_by_name if name not in without and hasattr(record, name)]
    return {name: _plain(getattr(record, name), descriptor.fields_by_name[name].message_type) for name in names}


def changes_in(
    record: type[Any], mask: FieldMask, message: Message, path: str, allowed: Collection[str] = ()
) -> dict[str, Any]:
    """Returns the new values of the fields that an update names, as `record_in` reads them.

    The fields of the dataclass `record` can be changed, or only those `allowed`. Raises InvalidArgument naming a path
    that cannot be.
    """
    names = paths_in(mask, message, allowed or [field.name for field in fields(record)])
    return converted(record, _values_in(message, names, path))


def _values_in(message: Message, names: Iterable[str], path: str) -> dict[str, Any]:
    known = message.DESCRIPTOR.fields_by_name
    return {name: _field_in(message, known[name], f"{path}{name}") for name in names}


def _field_in(message: Message, field: Any, path: str) -> Any:
    inner, value = field.message_type, getattr(message, field.name)
    if field.is_repeated:
        if inner is None:
            return list(value)
        names = inner.fields_by_name
        return [_values_in(each, names, f"{path}[{place}].") for place, each in enumerate(value)]
    if field.has_presence and not message.HasField(field.name):
        return None
    if field.enum_type is not None and value not in field.enum_type.values_by_number:
        raise InvalidArgument.of(path, f"must be a value of the contract, got {value}")
    if inner is None:
        return value
    if inner is Timestamp.DESCRIPTOR:
        return time_in(message, field.name, path)
    if inner is Struct.DESCRIPTOR:
        return json_in(message, field.name, path)
    if inner is Duration.DESCRIPTOR:
        return value.ToTimedelta()
    return _values_in(value, inner.fields_by_name, f"{path}.")


def _plain(value: Any, descriptor: Any = None) -> Any:
    """The form of a value that constructors take; with a message's descriptor, only of the fields that it has."""
    if is_dataclass(value):
        return fields_of(value) if descriptor is None else _shared(descriptor, value)
    return [_plain(item, descriptor) for item in value] if isinstance(value, tuple) else value


def _object(struct: Struct, path: str) -> dict[str, Any]:
    found = {}
    for key, value in struct.fields.items():
        if "\0" in key:
            raise InvalidArgument.of(path, "must not contain NUL characters")
        found[key] = _value(value, path)
    return found


def _value(value: Value, path: str) -> Any:
    match value.WhichOneof("kind"):
        case "number_value":
            return _number(value.number_value, path)
        case "string_value":
            if "\0" in value.string_value:
                raise InvalidArgument.of(path, "must not contain NUL characters")
            return value.string_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return _object(value.struct_value, path)
        case "list_value":
            return [_value(item, path) for item in value.list_value.values]
        case _:
            return None


def _number(number: float, path: str) -> float | int:
    if not math.isfinite(number):
        raise InvalidArgument.of(path, "must not contain NaN or infinity, which JSON does not have")
    return int(number) if number.is_integer() and abs(number) < _EXACT else number
