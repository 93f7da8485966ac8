"""Requests as people write them: YAML or JSON, values of fields, and paths such as `design.metrics[0].name=clicks`.

Everything ends as plain values that `groundswell.message_builder.build` makes a message of.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from groundswell.errors import InvalidArgument
from groundswell.message_builder import enum_number, is_map

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

_FREE = {"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"}
_AS_TEXT = {"google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"}
_LINES = {".jsonl", ".ndjson"}
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
_INDEX = re.compile(r"\[(\d+)\]")


def read_one(path: Path) -> dict[str, Any]:
    """The request in a file, or on standard input for `-`. Raises click.BadParameter unless it holds exactly one."""
    found = list(read_all(path))
    if len(found) != 1:
        raise click.BadParameter(f"{path} holds {len(found)} requests; this call takes one")
    return found[0]


def read_all(path: Path) -> Iterator[dict[str, Any]]:
    """The requests in a file: JSON Lines, a JSON array, or YAML documents. JSON Lines are read as they arrive."""
    if path.suffix.lower() in _LINES:
        with path.open(encoding="utf-8") as lines:
            yield from _lines(path, lines)
        return
    if str(path) == "-":
        first = sys.stdin.readline()
        if _is_whole_object(first):
            yield _mapping(path, json.loads(first))
            yield from _lines(path, sys.stdin)
            return
        text = first + sys.stdin.read()
    else:
        text = path.read_text(encoding="utf-8")
    for value in parse_all(text, str(path)):
        yield from (_mapping(path, each) for each in (value if isinstance(value, list) else [value]))


def parse_all(text: str, source: str) -> list[Any]:
    """The values in a text: one of JSON, or all documents of YAML."""
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    import yaml

    class Loader(yaml.SafeLoader):
        """Leaves times as text, because the fields of the contract know how to read them."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return list(yaml.load_all(text, Loader))  # derived from SafeLoader
    except yaml.YAMLError as error:
        raise click.BadParameter(f"{source} is neither JSON nor YAML: {' '.join(str(error).split())}") from error


def value_of(field: FieldDescriptor, text: str) -> Any:
    """The value that a text stands for in a field, or in one item of a repeated field. Raises ValueError."""
    kind = field.message_type
    if kind is not None:
        return text if kind.full_name in _AS_TEXT else _structured(field, text)
    if field.enum_type is not None:
        return _enum(field, text)
    if field.cpp_type == field.CPPTYPE_BOOL:
        return _bool(text)
    if field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        return float(text)
    return text if field.cpp_type == field.CPPTYPE_STRING else int(text.replace("_", ""))


def assign(values: dict[str, Any], kind: Descriptor, assignment: str) -> None:
    """Carries out `path=value` on the values of a message. Raises click.BadParameter for a path that does not exist."""
    path, equals, text = assignment.partition("=")
    if not equals:
        raise click.BadParameter(f"{assignment!r} has no '=': write FIELD=VALUE, such as metrics.likes=240")
    parts = _INDEX.sub(r".\1", path.strip()).split(".")
    try:
        _assign(values, kind, parts, text)
    except (ValueError, InvalidArgument) as error:
        raise click.BadParameter(f"{path}: {error}") from error


def _assign(values: dict[str, Any], kind: Descriptor, parts: list[str], text: str) -> None:
    name, *rest = parts
    field = kind.fields_by_name.get(name)
    if field is None:
        raise ValueError(f"{kind.name} has no field {name!r}; it has {', '.join(kind.fields_by_name)}")
    if not rest:
        value = value_of(field, text)
        if field.is_repeated and not is_map(field):
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    elif field.message_type is not None and is_map(field):
        entry = field.message_type.fields_by_name["value"]
        values.setdefault(name, {})[".".join(rest)] = value_of(entry, text)
    elif field.message_type is None:
        raise ValueError(f"{name} has no fields of its own")
    elif field.message_type.full_name in _FREE:
        target = values.setdefault(name, {})
        for part in rest[:-1]:
            target = target.setdefault(part, {})
        target[rest[-1]] = _free(text)
    elif field.is_repeated:
        _assign_item(values.setdefault(name, []), field.message_type, rest, text)
    else:
        _assign(values.setdefault(name, {}), field.message_type, rest, text)


def _assign_item(items: list[Any], kind: Descriptor, parts: list[str], text: str) -> None:
    index, *rest = parts
    if not index.isdecimal() or not rest:
        raise ValueError(
            f"is repeated: write the position and a field of {kind.name}, such as [0].{kind.fields[0].name}"
        )
    while len(items) <= int(index):
        items.append({})
    _assign(items[int(index)], kind, rest, text)


def _structured(field: FieldDescriptor, text: str) -> Any:
    """A nested message as JSON or YAML."""
    kind = cast("Descriptor", field.message_type)
    (value,) = parse_all(text, "the value") or [None]
    free = kind.full_name in _FREE - {"google.protobuf.Struct"}
    if not free and not isinstance(value, dict):
        raise ValueError(f"takes {kind.name} as JSON or YAML, such as {{name: value}}, got {text!r}")
    return value


def _free(text: str) -> Any:
    """Any JSON value; a text that is none stands for itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _enum(field: FieldDescriptor, text: str) -> int:
    try:
        return enum_number(cast("EnumDescriptor", field.enum_type), text, field.name)
    except InvalidArgument as error:
        raise ValueError(error.fields[0].description) from error


def _bool(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"takes true or false, got {text!r}")
    return word in _TRUE


def _is_whole_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _lines(path: Path, lines: Any) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield _mapping(path, json.loads(line))
            except ValueError as error:
                raise click.BadParameter(f"line {number} of {path} is not JSON: {error}") from error


def _mapping(path: Path, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise click.BadParameter(f"{path} must hold the fields of a request, got {type(value).__name__}")
    return value
