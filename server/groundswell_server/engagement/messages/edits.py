"""The new values that an update's message holds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from groundswell_server.conversions.protobuf_conversions import json_in, word_in
from groundswell_storage.engagement.enums import (
    Complexity,
    Confidence,
    ContentType,
    ContextState,
    MediaType,
    Validation,
)

_WORDS = {
    "complexity": Complexity,
    "state": ContextState,
    "confidence": Confidence,
    "validation": Validation,
    "content_type": ContentType,
    "media_type": MediaType,
}
_OBJECTS = frozenset({"input", "output", "strategy", "attributes"})


def changes_in(message: Any, paths: Iterable[str], name: str) -> dict[str, Any]:
    """The new values of the named fields."""
    return {path: _value(message, path, f"{name}.{path}") for path in paths}


def _value(message: Any, path: str, full_path: str) -> Any:
    if path in _OBJECTS:
        return json_in(message, path, full_path)
    value = getattr(message, path)
    if path in _WORDS:
        return word_in(_WORDS[path], value, full_path)
    return value if isinstance(value, str) else tuple(value)
