"""NUL characters in texts: PostgreSQL cannot hold them and SQLite can, so no request of the suite may have any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from buf.validate import validate_pb2
from groundswell_storage.errors import FieldViolation

# Looked at by whoever reads them, with the path that callers know: see json_in in protobuf_conversions.py.
_STRUCT = "google.protobuf.Struct"


def nul_violations(message: Message) -> list[FieldViolation]:
    """The texts of a message that hold a NUL; those of fields with IGNORE_ALWAYS are left to who checks them."""
    if b"\0" not in message.SerializeToString():  # true of most, and told in a microsecond
        return []
    return [FieldViolation(path, "holds a NUL character") for path in _paths(message, "")]


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
