"""Flags made from the fields of a request."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import click
from click.shell_completion import CompletionItem

from groundswell.cli.contract import comment_of
from groundswell.cli.documents import value_of
from groundswell.cli.options import SectionedOption
from groundswell.message_builder import is_map

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

_METAVARS = {
    "google.protobuf.Timestamp": "TIME",
    "google.protobuf.Duration": "DURATION",
    "google.protobuf.FieldMask": "FIELD,...",
}
_HINTS = {
    "TIME": "As in 2026-03-01T18:00:00Z.",
    "DURATION": "As in 90m, 1h30m or 45s.",
}
_SECTION = "Request"
PREFIX = "field_"
"""Before the names of parameters that hold fields, so that they never clash with the command's own."""


class FieldType(click.ParamType[Any]):
    """Converts what is typed into the value of a field."""

    name = "value"

    def __init__(self, field: FieldDescriptor) -> None:
        self._field = field

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The values of an enum, or a word for the type."""
        if self._field.enum_type is not None:
            return f"[{'|'.join(enum_words(self._field))}]"
        kind = self._field.message_type
        if kind is None:
            return "TEXT" if self._field.cpp_type == self._field.CPPTYPE_STRING else "NUMBER"
        return _METAVARS.get(kind.full_name, "JSON")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value; fails as a wrong call when the text does not fit the field."""
        if not isinstance(value, str):
            return value
        try:
            return value_of(self._field, value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The values of an enum that begin with what is typed."""
        if self._field.enum_type is None:
            return []
        return [CompletionItem(word) for word in enum_words(self._field) if word.startswith(incomplete.lower())]


def enum_words(field: FieldDescriptor) -> list[str]:
    """The values of an enum field as they are typed: in lower case, without the prefix that all of them share."""
    values = cast("EnumDescriptor", field.enum_type).values
    prefix = values[0].name.removesuffix("UNSPECIFIED")
    return [value.name.removeprefix(prefix).lower() for value in values if value.number]


def parameters(kind: Descriptor, *, paged: bool) -> Iterator[click.Parameter]:
    """An argument or an option for each field of a request.

    The first field is an argument where it names what the call is about, such as `post_id`. A secret has neither: see
    `ask_for_secrets`. Neither has the token of a page, because lists fetch their pages by themselves.
    """
    for field in kind.fields:
        if is_secret(field) or (paged and field.name == "page_token"):
            continue
        if is_subject(field):
            yield click.Argument(
                [f"{PREFIX}{field.name}"],
                metavar=field.name.upper(),
                required=False,
                type=FieldType(field),
                help=_help(field),
            )
        else:
            yield _option(field)


def is_subject(field: FieldDescriptor) -> bool:
    """True for the first field of a request when it names a thing that has to exist, such as `post_id`."""
    if field.index or field.cpp_type != field.CPPTYPE_STRING or field.is_repeated:
        return False
    from buf.validate import validate_pb2

    is_required = not field.GetOptions().Extensions[validate_pb2.field].ignore
    is_operation = field.name == "name" and _type_of(field).file.package == "google.longrunning"
    return is_operation or (is_required and field.name.endswith(("_id", "_key")))


def _type_of(field: FieldDescriptor) -> Descriptor:
    """The message that has the field."""
    return cast("Descriptor", field.containing_type)


def is_secret(field: FieldDescriptor) -> bool:
    """True for a field that the contract marks with `debug_redact`."""
    return bool(field.GetOptions().debug_redact)


def given(kind: Descriptor, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were given as flags or arguments."""
    return {
        name.removeprefix(PREFIX): list(value) if isinstance(value, tuple) else value
        for name, value in typed.items()
        if name.startswith(PREFIX) and value not in (None, ())
    }


def ask_for_secrets(kind: Descriptor, values: dict[str, Any]) -> None:
    """Adds the secrets that are missing: asked for at a terminal, else read from standard input, a line for each.

    Arguments would show them to other users of the machine.
    """
    for field in kind.fields:
        if is_secret(field) and field.name not in values:
            values[field.name] = _secret(field.name.replace("_", " ").capitalize())


def _secret(label: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(label, hide_input=True, err=True))
    return sys.stdin.readline().strip()


def as_typed(kind: Descriptor, path: str) -> str:
    """A path of fields as the command line has it: `--time-zone`, `POST_ID`, or the path itself for nested fields."""
    field = kind.fields_by_name.get(path)
    if field is None or is_secret(field):
        return path
    return field.name.upper() if is_subject(field) else flag(field)


def flag(field: FieldDescriptor) -> str:
    """The flag of a field."""
    return f"--{field.name.replace('_', '-')}"


def _option(field: FieldDescriptor) -> click.Option:
    name, text = f"{PREFIX}{field.name}", _help(field)
    if field.cpp_type == field.CPPTYPE_BOOL and not field.is_repeated:
        switch = f"{flag(field)}/--no-{flag(field)[2:]}"
        return SectionedOption([name, switch], default=None, help=text, section=_SECTION)
    several = field.is_repeated and not is_map(field)
    return SectionedOption([name, flag(field)], multiple=several, type=FieldType(field), help=text, section=_SECTION)


def _help(field: FieldDescriptor) -> str:
    """The comment of the field, with a hint for values that can be written in several ways."""
    kind = _type_of(field)
    name = kind.full_name.removeprefix(f"{kind.file.package}.")
    parts = [" ".join(comment_of(kind.file.name, name, field.name).split())]
    if field.message_type is not None:
        parts.append(_HINTS.get(_METAVARS.get(field.message_type.full_name, ""), ""))
    if field.is_repeated and not is_map(field):
        parts.append("Can be repeated.")
    return " ".join(filter(None, parts))
