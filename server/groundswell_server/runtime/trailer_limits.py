"""Limits that keep the details of an error within the trailers that every gRPC client accepts.

gRPC clients refuse more than 8 KiB of metadata, and then see RESOURCE_EXHAUSTED in place of the error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from groundswell_storage.errors import FieldViolation

MAX_MESSAGE_BYTES = 800
"""Limit of a message as the wire carries it: a byte that is no printable ASCII takes three there."""
MAX_VIOLATIONS_BYTES = 2_600
MAX_METADATA_BYTES = 900
MAX_VALUE_CHARACTERS = 300
"""Limit of one field path, description or metadata value."""


def first_violations(violations: Iterable[FieldViolation]) -> list[FieldViolation]:
    """Returns the first violations, shortened one by one, that fit into MAX_VIOLATIONS_BYTES together."""
    kept: list[FieldViolation] = []
    size = 0
    for each in violations:
        short = FieldViolation(shortened(each.field), shortened(each.description), each.reason)
        size += sum(len(text.encode()) for text in (short.field, short.description, short.reason)) + 8
        if kept and size > MAX_VIOLATIONS_BYTES:
            break
        kept.append(short)
    return kept


def short_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Returns metadata with shortened values, the last ones left out where they do not fit."""
    kept: dict[str, str] = {}
    size = 0
    for key, value in metadata.items():
        short = shortened(value)
        size += len(key) + len(short.encode()) + 8
        if size > MAX_METADATA_BYTES:
            break
        kept[key] = short
    return kept


def short_message(message: str) -> str:
    """Returns a message that fits into MAX_MESSAGE_BYTES on the wire, with an ellipsis where it was cut."""
    size = 0
    for position, character in enumerate(message):
        size += 1 if " " <= character <= "~" and character != "%" else 3 * len(character.encode("utf-8", "replace"))
        if size > MAX_MESSAGE_BYTES:
            return f"{message[: max(position - 3, 0)]}..."
    return message


def shortened(text: str) -> str:
    """Returns a text of at most MAX_VALUE_CHARACTERS."""
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[: MAX_VALUE_CHARACTERS - 3]}..."
