"""Messages with a value in every field, made from their descriptors."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

DEPTH = 3
"""Messages within messages are filled down to here; some types contain themselves."""


def sample(kind: Any, depth: int = 0) -> Message:
    """A message of a type with a value in every field, except in alternatives of another field."""
    message = GetMessageClass(kind)()
    for field in kind.fields:
        oneof = field.containing_oneof
        if oneof is not None and message.WhichOneof(oneof.name) is not None:
            continue
        if field.message_type is None:
            _set_value(message, field)
        elif field.message_type.full_name != "google.protobuf.Any" and depth < DEPTH:
            _set_message(message, field, depth)
    return message


def _set_value(message: Message, field: Any) -> None:
    value = value_of(field)
    if field.is_repeated:
        getattr(message, field.name).extend([value, value])
    else:
        setattr(message, field.name, value)


def _set_message(message: Message, field: Any, depth: int) -> None:
    if field.message_type.GetOptions().map_entry:
        entry = field.message_type.fields_by_name["value"]
        if entry.message_type is None:
            getattr(message, field.name)["some"] = value_of(entry)
        else:
            getattr(message, field.name)["some"].CopyFrom(sample(entry.message_type, depth + 1))
        return
    value = _well_known(field.message_type) or sample(field.message_type, depth + 1)
    if field.is_repeated:
        getattr(message, field.name).extend([value, value])
    else:
        getattr(message, field.name).CopyFrom(value)


def _well_known(kind: Any) -> Message | None:
    message: Any = GetMessageClass(kind)()
    match kind.full_name:
        case "google.protobuf.Timestamp":
            message.FromJsonString("2026-03-01T18:00:00Z")
        case "google.protobuf.Duration":
            message.FromJsonString("5400s")
        case "google.protobuf.FieldMask":
            message.paths.extend(["name", "note"])
        case "google.protobuf.Struct":
            message.update({"prompt": "a sunset", "tries": [1, 2], "deep": {"sure": True}})
        case "google.protobuf.Value":
            message.string_value = "free"
        case "google.protobuf.ListValue":
            message.extend(["a", 1])
        case _:
            return None
    return message


def value_of(field: Any) -> Any:
    """A value of a field that holds no message: never the one that means absence."""
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    if field.cpp_type == field.CPPTYPE_BOOL:
        return True
    if field.type == field.TYPE_BYTES:
        return b"\x00bytes"
    if field.cpp_type == field.CPPTYPE_STRING:
        return f"some {field.name}"
    return 0.25 if field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT) else field.number + 1
