"""The check for NUL characters in strings, which PostgreSQL cannot store: no request may contain them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from buf.validate import validate_pb2
from groundswell_storage.errors import FieldViolation

# json_in of protobuf_conversions.py checks these, with the path from the caller's point of view.
_STRUCT = "google.protobuf.Struct"


def nul_violations(message: Message) -> list[FieldViolation]:
    """Returns the strings of a message that contain a NUL. Fields with IGNORE_ALWAYS are checked elsewhere."""
    if b"\0" not in message.SerializeToString():  # true of most messages, and found in a microsecond
        return []
    return [FieldViolation(path, "must not contain NUL characters") for path in _paths(message, "")]


def _paths(message: Message, prefix: str) -> Iterator[str]:
    for field, value in message.ListFields():
        if field.GetOptions().Extensions[validate_pb2.field].ignore == validate_pb2.IGNORE_ALWAYS:
            continue
        path = prefix + field.name
        if not field.is_repeated:
            yield from _paths_of(field, value, path)
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from _paths_of_entries(field.message_type.fields_by_name, value, path)
        else:
            for place, item in enumerate(value):
                yield from _paths_of(field, item, f"{path}[{place}]")


def _paths_of_entries(fields: Mapping[str, FieldDescriptor], entries: Mapping[Any, Any], path: str) -> Iterator[str]:
    for key in entries:
        yield from _paths_of(fields["key"], key, path)
        yield from _paths_of(fields["value"], entries[key], f"{path}[{key}]")


def _paths_of(field: FieldDescriptor, value: Any, path: str) -> Iterator[str]:
    if field.type == FieldDescriptor.TYPE_STRING:
        if "\0" in value:
            yield path
    elif field.message_type is not None and field.message_type.full_name != _STRUCT:
        yield from _paths(value, f"{path}.")
