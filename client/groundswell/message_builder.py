"""Builds messages from Python values: datetimes, timedeltas, mappings, names of enum values.

>>> from groundswell.v1.engagement_pb2 import CreatePersonaRequest
>>> request = build(CreatePersonaRequest, {"name": "Ava", "handles": [{"platform": "instagram", "handle": "ava"}]})
>>> request.handles[0].platform
1
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from numbers import Integral, Real
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from groundswell.errors import InvalidArgument, invalid_field

M = TypeVar("M", bound=Message)

TimestampLike: TypeAlias = Timestamp | datetime | str
"""A time: an aware datetime, or RFC 3339 text such as "2026-03-01T18:00:00Z"."""
DurationLike: TypeAlias = Duration | timedelta | float | str
"""A length of time: a number of seconds, or text such as "90m", "1h30m" or "45s"."""
FieldMaskLike: TypeAlias = FieldMask | Iterable[str] | str
"""Names of fields, as an iterable or as one string with commas."""
StructLike: TypeAlias = Struct | Mapping[str, Any]
"""Free JSON data. Datetimes, UUIDs, paths and members of enums become strings."""

# A Struct stores numbers as doubles, which represent every integer up to this one exactly.
LARGEST_EXACT_INTEGER = 2**53

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")

# Protobuf parses messages to a nesting depth of 100, and each mapping in a Struct takes three levels.
DEEPEST = 30


def build(kind: type[M], values: Mapping[str, object], path: str = "") -> M:
    """Returns a message of type `kind` with the fields in `values`; a field with the value None is left out.

    `path` is a prefix for the names of fields in errors. Raises InvalidArgument for a field that does not exist, a
    value of the wrong type, and two fields of the same oneof.
    """
    message = kind()
    _set_fields(message, values, f"{path}." if path else "")
    return message


def _set_fields(message: Message, values: Mapping[str, object], prefix: str) -> None:
    chosen: dict[str, str] = {}
    for name, value in values.items():
        if value is None:
            continue
        field = cast("FieldDescriptor | None", message.DESCRIPTOR.fields_by_name.get(name))
        if field is None:
            known = ", ".join(message.DESCRIPTOR.fields_by_name)
            raise invalid_field(f"{prefix}{name}", f"{message.DESCRIPTOR.name} has no such field, only {known}")
        if field.containing_oneof is not None:
            other = chosen.setdefault(field.containing_oneof.name, name)
            if other != name:
                raise invalid_field(f"{prefix}{name}", f"excludes {other}: set only one of the two")
        _set_field(message, field, value, f"{prefix}{name}")


def _set_field(message: Message, field: FieldDescriptor, value: object, path: str) -> None:
    try:
        if is_map(field):
            _set_map(getattr(message, field.name), field, value, path)
        elif field.is_repeated:
            _append(getattr(message, field.name), field, value, path)
        elif field.message_type is not None:
            target = getattr(message, field.name)
            target.SetInParent()  # a message without fields is present too
            target.MergeFrom(_message(field, value, path))
        else:
            setattr(message, field.name, _value(field, value, path))
    except InvalidArgument:
        raise
    except TypeError as error:
        raise invalid_field(path, f"takes {_taken(field)}, not {type(value).__name__}") from error
    except (ValueError, OverflowError) as error:
        raise invalid_field(path, str(error)) from error


def _append(target: Any, field: FieldDescriptor, values: object, path: str) -> None:
    for index, item in enumerate(_several(values, path)):
        value = _value(field, item, f"{path}[{index}]")
        try:
            target.append(value)
        except TypeError as error:
            raise invalid_field(f"{path}[{index}]", f"takes {_taken(field)}, not {type(item).__name__}") from error
        except ValueError as error:
            raise invalid_field(f"{path}[{index}]", str(error)) from error


def _taken(field: FieldDescriptor) -> str:
    """Returns a description of the values of a field that is not a message."""
    return _TAKEN.get(field.cpp_type, "a whole number")


def is_map(field: FieldDescriptor) -> bool:
    """True for `map<...>`, which descriptors represent as a repeated message with a key and a value."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _type(field: FieldDescriptor) -> Descriptor:
    """Returns the type of a field that holds messages."""
    return cast("Descriptor", field.message_type)


def _set_map(target: Any, field: FieldDescriptor, value: object, path: str) -> None:
    entry = _type(field).fields_by_name["value"]
    for key, item in _mapping(value, path).items():
        if entry.message_type is not None:
            target[key].CopyFrom(_message(entry, item, f"{path}[{key!r}]"))
        else:
            target[key] = _value(entry, item, f"{path}[{key!r}]")


def _value(field: FieldDescriptor, value: object, path: str) -> object:
    """Returns one value of the field: a scalar, the number of an enum, or a message."""
    if field.message_type is not None:
        return _message(field, value, path)
    if field.enum_type is not None and isinstance(value, str):
        return enum_number(field.enum_type, value, path)
    if field.type == FieldDescriptor.TYPE_BYTES and isinstance(value, str):
        return _bytes(value, path)
    if field.type == FieldDescriptor.TYPE_STRING and isinstance(value, UUID | PurePath):
        return str(value)
    if isinstance(value, Enum) and not isinstance(value, int | str):
        return _value(field, value.value, path)
    if isinstance(value, bool) and field.type != FieldDescriptor.TYPE_BOOL:
        raise invalid_field(path, f"takes a number or a text, not {value}")  # protobuf would store it as 0 or 1
    return value


def _bytes(text: str, path: str) -> bytes:
    """Returns the bytes that a base64 string encodes, as in protobuf's JSON."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid_field(path, f"takes bytes, or text in base64: {error}") from error


def _message(field: FieldDescriptor, value: object, path: str) -> Message:
    """Returns the message of the field's type that `value` represents."""
    kind = GetMessageClass(_type(field))
    if isinstance(value, kind):
        return value
    if isinstance(value, Message) and kind is not AnyMessage:
        raise invalid_field(path, f"takes a {kind.DESCRIPTOR.name}, not a {value.DESCRIPTOR.name}")
    convert = _WELL_KNOWN.get(kind.DESCRIPTOR.full_name)
    return convert(value, path) if convert else build(kind, _mapping(value, path), path)


def enum_number(enum: EnumDescriptor, name: str, path: str) -> int:
    """Returns the number of a value by its name, in any case, with or without the common prefix of its enum.

    >>> from groundswell.v1.common_pb2 import Platform
    >>> enum_number(Platform.DESCRIPTOR, "instagram", "platform")
    1
    """
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    wanted = name.strip().upper().replace("-", "_").replace(" ", "_")
    for candidate in (wanted, f"{prefix}{wanted}"):
        if candidate in enum.values_by_name:
            return enum.values_by_name[candidate].number
    known = ", ".join(each.name.removeprefix(prefix) for each in enum.values if each.number)
    raise invalid_field(path, f"{name!r} is not a {enum.name}: {known}")


def _timestamp(value: object, path: str) -> Timestamp:
    moment = Timestamp()
    if isinstance(value, str):
        moment.FromJsonString(value)
    elif not isinstance(value, datetime):
        raise invalid_field(path, f"takes a datetime, not {type(value).__name__}")
    elif value.tzinfo is None:
        raise invalid_field(path, f"{value.isoformat()} has no time zone: add one, such as tzinfo=timezone.utc")
    else:
        moment.FromDatetime(value)
    return moment


def _duration(value: object, path: str) -> Duration:
    span = Duration()
    if isinstance(value, str):
        value = parse_duration(value, path)
    if isinstance(value, Real) and not isinstance(value, bool):
        value = timedelta(seconds=float(value))
    if not isinstance(value, timedelta):
        raise invalid_field(path, f"takes a timedelta, seconds or text such as 90m, not {type(value).__name__}")
    span.FromTimedelta(value)
    return span


def parse_duration(text: str, path: str = "") -> timedelta:
    """Returns the length of time that text such as "1h30m" or "-0.5s" represents."""
    compact = text.replace(" ", "").lower()
    sign, parts = (-1, compact[1:]) if compact.startswith("-") else (1, compact)
    found = _DURATION_PART.findall(parts)
    if not found or "".join(number + unit for number, unit in found) != parts:
        raise invalid_field(path, f"takes a length of time such as 90m, 1h30m or 45s, got {text!r}")
    return sign * sum((float(number) * _UNITS[unit] for number, unit in found), timedelta())


def _field_mask(value: object, path: str) -> FieldMask:
    paths = value.split(",") if isinstance(value, str) else _several(value, path)
    return FieldMask(paths=[str(each).strip() for each in paths])


def _struct(value: object, path: str, depth: int = 0) -> Struct:
    fields = {str(key): _json(item, f"{path}.{key}", depth) for key, item in _mapping(value, path).items()}
    return Struct(fields=fields)


def _list(value: object, path: str, depth: int = 0) -> ListValue:
    items = enumerate(_several(value, path))
    return ListValue(values=[_json(item, f"{path}[{index}]", depth) for index, item in items])


def _json(value: object, path: str, depth: int = 0) -> Value:
    """Returns `value` as JSON. Refuses values that JSON would change: NaN, large integers, bytes, objects."""
    if depth > DEEPEST:
        raise invalid_field(path, f"is deeper than {DEEPEST} levels")
    if isinstance(value, Value):
        return value
    if isinstance(value, Enum):
        return _json(value.value, path, depth)
    if value is None or isinstance(value, bool):
        return Value(null_value=NULL_VALUE) if value is None else Value(bool_value=value)
    if isinstance(value, Real):
        return Value(number_value=_number(value, path))
    text = _text(value)
    if text is not None:
        return Value(string_value=text)
    if isinstance(value, Mapping | Struct):
        return Value(struct_value=_struct(value, path, depth + 1))
    if isinstance(value, ListValue):
        return Value(list_value=value)
    if isinstance(value, bytes | bytearray | Message) or not isinstance(value, Iterable):
        raise invalid_field(path, f"takes JSON values, not {type(value).__name__}")
    return Value(list_value=_list(value, path, depth + 1))


def _text(value: object) -> str | None:
    """Returns `value` as a string, or None when it has no usual form as a string."""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | PurePath) else None


def _number(value: Real, path: str) -> float:
    if isinstance(value, Integral) and abs(int(value)) > LARGEST_EXACT_INTEGER:
        raise invalid_field(path, f"{value} is above 2**53 and would lose digits: write it as a string")
    number = float(value)
    if not math.isfinite(number):
        raise invalid_field(path, f"{number} is not a number in JSON")
    return number


def _any(value: object, path: str) -> AnyMessage:
    if not isinstance(value, Message):
        raise invalid_field(path, f"takes a message, not {type(value).__name__}")
    packed = AnyMessage()
    packed.Pack(value)
    return packed


def _mapping(value: object, path: str) -> Mapping[str, object]:
    if isinstance(value, Struct):
        return cast("Mapping[str, object]", value.fields)
    if not isinstance(value, Mapping):
        raise invalid_field(path, f"takes a mapping, not {type(value).__name__}")
    return value


def _several(value: object, path: str) -> Iterable[object]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise invalid_field(path, f"takes several values, not one {type(value).__name__}")
    return value


_TAKEN = {
    FieldDescriptor.CPPTYPE_STRING: "a text",
    FieldDescriptor.CPPTYPE_BOOL: "True or False",
    FieldDescriptor.CPPTYPE_ENUM: "the name of a value",
    FieldDescriptor.CPPTYPE_DOUBLE: "a number",
    FieldDescriptor.CPPTYPE_FLOAT: "a number",
}

_WELL_KNOWN = {
    "google.protobuf.Any": _any,
    "google.protobuf.Duration": _duration,
    "google.protobuf.FieldMask": _field_mask,
    "google.protobuf.ListValue": _list,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Value": _json,
}
