"""Messages as plain values for programs, and as rows of text for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.json_format import MessageToDict

from groundswell.message_builder import is_map

if TYPE_CHECKING:
    from google.protobuf.message import Message

_IDENTIFIERS = ("key", "id", "name")
_WELL_KNOWN = "google.protobuf."
# Descriptors are `Any`, because their types differ between the implementations of protobuf.

_DEEPEST = 4
"""Nested messages further down than this are one column of JSON; some types contain themselves."""


def plain(message: Message) -> dict[str, Any]:
    """A message as JSON knows it, with the contract's names; numbers of 64 bits are numbers, not strings."""
    values = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return _with_numbers(message.DESCRIPTOR, values)


def word(enum: Any, number: int) -> str:
    """The name of an enum value without the prefix that all of its enum share: METRIC_ROLE_GUARDRAIL is `guardrail`.

    `enum` is the generated class or its descriptor.
    """
    descriptor = getattr(enum, "DESCRIPTOR", enum)
    value = descriptor.values_by_number.get(number)
    prefix = descriptor.values[0].name.removesuffix("UNSPECIFIED")
    return str(number) if value is None else cast("str", value.name).removeprefix(prefix).lower()


def unwrapped(message: Message) -> Message:
    """The one message that a response consists of, such as the post in GetPostResponse; else the response itself."""
    fields = message.DESCRIPTOR.fields
    if len(fields) != 1 or fields[0].message_type is None or fields[0].is_repeated or _is_value(fields[0]):
        return message
    return cast("Message", getattr(message, fields[0].name))


def identifier(message: Message) -> str:
    """Returns the key, id or name by which calls refer to a message; empty when it has none."""
    names = [name for name in _IDENTIFIERS if name in message.DESCRIPTOR.fields_by_name]
    found = next((getattr(message, name) for name in names if getattr(message, name)), "")
    return str(found)


def row(message: Message) -> dict[str, str]:
    """The fields of a message that hold one value, or several texts, in order: a row of a table."""
    return {
        field.name: text(field, getattr(message, field.name)) if _is_given(message, field) else ""
        for field in message.DESCRIPTOR.fields
        if _is_value(field)
    }


def leaves(message: Message, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names and texts of all single values that are given, in nested messages too."""
    for field, value in message.ListFields():
        name = f"{prefix}{field.name}"
        if _is_value(field):
            yield name, text(field, value)
        elif not field.is_repeated:
            yield from leaves(value, f"{name}.")


def parts(message: Message, prefix: str = "") -> Iterator[tuple[str, list[Message]]]:
    """Dotted names and items of all repeated messages that are given, in nested messages too."""
    for field, value in message.ListFields():
        name = f"{prefix}{field.name}"
        if _is_value(field):
            continue
        if field.is_repeated:
            yield name, list(value)
        else:
            yield from parts(value, f"{name}.")


def columns(kind: Any, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Dotted names of everything that a message of this type may hold; a repeated message is one column."""
    for field in kind.fields:
        name = f"{prefix}{field.name}"
        if _is_value(field) or field.is_repeated or depth >= _DEEPEST:
            yield name
        else:
            yield from columns(field.message_type, f"{name}.", depth + 1)


def column(message: Message, name: str) -> str:
    """The text under a dotted name, empty where nothing is given. Raises KeyError for a name that does not exist."""
    first, _, rest = name.partition(".")
    field = message.DESCRIPTOR.fields_by_name[first]
    value = getattr(message, first)
    if not rest:
        if _is_value(field):
            return text(field, value) if _is_given(message, field) else ""
        nested = [plain(each) for each in (value if field.is_repeated else [value])]
        return _json(nested if field.is_repeated else nested[0]) if _is_given(message, field) else ""
    if field.is_repeated or field.message_type is None:
        raise KeyError(name)
    return column(value, rest)


def text(field: Any, value: Any) -> str:
    """A value of a field as people read it."""
    if is_map(field):
        return _json(dict(value))
    if field.is_repeated:
        return ", ".join(_single(field, each) for each in value)
    return _single(field, value)


def in_words(length: timedelta) -> str:
    """A length of time such as `1h30m`."""
    seconds = length.total_seconds()
    whole = abs(int(seconds))
    units = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    written = "".join(f"{count}{unit}" for count, unit in units if count)
    if seconds != int(seconds) or not written:
        return f"{seconds:g}s"
    return f"-{written}" if seconds < 0 else written


def _single(field: Any, value: Any) -> str:
    if field.enum_type is not None:
        return word(field.enum_type, value)
    kind = field.message_type
    if kind is not None:
        return _well_known(kind.name, value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return _json(value) if isinstance(value, bytes) else str(value)


def _well_known(kind: str, value: Any) -> str:
    if kind == "Timestamp":
        return _time(value.ToDatetime())
    if kind == "Duration":
        return in_words(value.ToTimedelta())
    return _json(MessageToDict(value))


def _time(moment: datetime) -> str:
    """In UTC, as short as it is exact."""
    if moment.microsecond:
        return moment.isoformat(" ")
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment.second else f"{moment:%Y-%m-%d %H:%M}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_value(field: Any) -> bool:
    """True for what one cell can show: anything except messages of the contract."""
    return field.message_type is None or field.message_type.full_name.startswith(_WELL_KNOWN) or is_map(field)


def _is_given(message: Message, field: Any) -> bool:
    if field.has_presence:
        return message.HasField(field.name)
    value = getattr(message, field.name)
    return bool(value) or (field.enum_type is None and isinstance(value, (bool, int, float)))


def _with_numbers(kind: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: _with_number(kind.fields_by_name[name], value) for name, value in values.items()}


def _with_number(field: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_with_number(field, each) for each in value]
    if field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64):
        return int(value)
    kind = field.message_type
    if kind is None or kind.full_name.startswith(_WELL_KNOWN):
        return value
    if kind.GetOptions().map_entry:
        return {key: _with_number(kind.fields_by_name["value"], each) for key, each in value.items()}
    return _with_numbers(kind, value)
