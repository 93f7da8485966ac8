"""What the audit log keeps of personas, contexts and posts: what changed, and of what people wrote only its length.

Metrics and interactions change contexts and posts too. They come in to be counted, and leave no entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from enum import IntEnum
from typing import Any

from groundswell_storage import audit
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.enums import (
    Complexity,
    Confidence,
    ContentType,
    ContextState,
    MediaType,
    Platform,
    Rating,
    Validation,
)
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.scope import Scope

Row = PersonaRow | ContextRow | PostRow

_COLUMNS: Mapping[type[Any], tuple[str, tuple[str, ...]]] = {
    PersonaRow: ("persona", ("name", "niche", "handles", "time_zone", "delete_time")),
    ContextRow: (
        "context",
        (
            *("persona_id", "phase", "note", "complexity", "state", "confidence", "validation", "input", "output"),
            *("assigned_agent", "trace_artifacts", "strategy", "pattern", "rating"),
        ),
    ),
    PostRow: (
        "post",
        (
            *("persona_id", "context_id", "content_id", "content_type", "category", "platform", "platform_post_id"),
            *("caption", "hashtags", "mentions", "media_type", "publish_time", "permalink", "attributes"),
        ),
    ),
}
_WRITTEN = frozenset(
    ("note", "input", "output", "trace_artifacts", "strategy", "caption", "hashtags", "mentions", "attributes")
)
"""Columns that hold what people wrote, or names of others."""
_WORDS: Mapping[str, type[IntEnum]] = {
    "complexity": Complexity,
    "state": ContextState,
    "confidence": Confidence,
    "validation": Validation,
    "rating": Rating,
    "content_type": ContentType,
    "media_type": MediaType,
    "platform": Platform,
}


def created(scope: Scope, action: str, row: Row) -> None:
    """Puts something new on the log."""
    audit.record(scope, action, _subject(row), after=_shown(_values(row)))


def deleted(scope: Scope, action: str, row: Row) -> None:
    """Puts on the log what is gone now."""
    audit.record(scope, action, _subject(row), before=_shown(_values(row)))


@contextmanager
def changed(scope: Scope, action: str, row: Row) -> Iterator[None]:
    """Puts on the log what the block changes of a row: the columns that are different after it."""
    before = _values(row)
    yield
    after = _values(row)
    names = [name for name in after if before[name] != after[name]]
    audit.record(scope, action, _subject(row), before=_shown(before, names), after=_shown(after, names))


def _subject(row: Row) -> str:
    return f"{_COLUMNS[type(row)][0]}/{row.id}"


def _values(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COLUMNS[type(row)][1]}


def _shown(values: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, Any]:
    """Columns as JSON; all that hold something where no names are given."""
    wanted = [name for name, value in values.items() if value] if names is None else names
    return {name: _value(name, values[name]) for name in wanted}


def _value(name: str, value: Any) -> Any:
    if name in _WRITTEN:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""
        return f"{len(text)} characters"
    if name in _WORDS:
        return _WORDS[name](value).name
    return value.isoformat() if isinstance(value, datetime) else value
