"""Labelled examples: labels that callers gave to texts, accounts and posts, for models to learn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from peewee import TextField

from groundswell_storage.chunks import chunks
from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

_CHUNK = 500
"""Keys in one statement."""


class TrainingExampleRow(Table):
    """One labelled example. Its key is unique in its type: the caller's own id, else the digest of the subject."""

    id = TextField(primary_key=True)
    model_type = TextField()
    key = TextField()
    label = TextField()
    group_name = TextField()
    """Examples of one group are never in the training and the test set at once."""
    persona_id = TextField(default="")
    """The owner; erased with the persona. Empty without an owner."""
    post_id = TextField(default="")
    text = TextField(default="")
    profile = JsonField(null=True)
    """Figures of an account, without its name."""
    create_time = InstantField()
    update_time = InstantField()

    class Meta:
        indexes = (
            (("workspace", "model_type", "key"), True),
            (("workspace", "model_type", "create_time", "id"), False),
            (("workspace", "persona_id"), False),
            (("post_id",), False),
        )


@dataclass(frozen=True, slots=True)
class StoredExample:
    """A labelled example."""

    key: str
    label: str
    group: str
    persona_id: str = ""
    post_id: str = ""
    text: str = ""
    profile: Mapping[str, Any] | None = None


class AddedExample(NamedTuple):
    """A labelled example and the time at which it was added, which a later correction does not change."""

    added: datetime
    example: StoredExample


def hold(scope: Scope, model_type: str) -> None:
    """Locks the examples of a type against additions until the transaction ends, so that limits hold."""
    scope.execute(
        "INSERT INTO model_line (workspace, model_type, last_version) VALUES (?, ?, 0) "
        "ON CONFLICT (workspace, model_type) DO UPDATE SET last_version = model_line.last_version",
        (scope.workspace, model_type),
    )


def count(scope: Scope, model_type: str, *, added_after: datetime | None = None) -> int:
    """Returns the number of examples of a type, or of those added after a moment."""
    query = scope.select(TrainingExampleRow).where(TrainingExampleRow.model_type == model_type)
    if added_after is not None:
        query = query.where(TrainingExampleRow.create_time > added_after)
    found: int = query.count()
    return found


def get_many(scope: Scope, model_type: str, keys: Sequence[str]) -> dict[str, StoredExample]:
    """Returns the examples of a type with these keys."""
    found: dict[str, StoredExample] = {}
    for chunk in chunks(keys, _CHUNK):
        query = scope.select(TrainingExampleRow).where(
            (TrainingExampleRow.model_type == model_type) & TrainingExampleRow.key.in_(chunk)
        )
        found |= {row.key: _stored(row) for row in query}
    return found


def add(scope: Scope, model_type: str, examples: Iterable[StoredExample]) -> None:
    """Stores new examples."""
    scope.insert_many(
        TrainingExampleRow,
        (
            {
                "id": scope.new_id(),
                "model_type": model_type,
                "create_time": scope.now,
                "update_time": scope.now,
                "key": example.key,
                **_columns(example),
            }
            for example in examples
        ),
    )


def change(scope: Scope, model_type: str, example: StoredExample) -> None:
    """Changes the label or content of an existing example."""
    query = scope.update(TrainingExampleRow, update_time=scope.now, **_columns(example))
    query.where((TrainingExampleRow.model_type == model_type) & (TrainingExampleRow.key == example.key)).execute()


def read(
    scope: Scope, model_type: str, *, added_by: datetime, added_from: datetime | None = None, persona_id: str = ""
) -> list[AddedExample]:
    """Returns the examples of a type that were added in a span, oldest first."""
    query = scope.select(TrainingExampleRow).where(
        (TrainingExampleRow.model_type == model_type) & (TrainingExampleRow.create_time <= added_by)
    )
    if added_from is not None:
        query = query.where(TrainingExampleRow.create_time >= added_from)
    if persona_id:
        query = query.where(TrainingExampleRow.persona_id == persona_id)
    ordered = query.order_by(TrainingExampleRow.create_time, TrainingExampleRow.id)
    return [AddedExample(row.create_time, _stored(row)) for row in ordered]


def remove(scope: Scope, *, model_type: str = "", keys: Sequence[str] = (), persona_id: str = "") -> int:
    """Deletes the examples that meet all conditions, at least one, and returns their number."""
    if not (model_type or keys or persona_id):
        raise ValueError("at least one condition is required")
    query = scope.delete(TrainingExampleRow)
    if model_type:
        query = query.where(TrainingExampleRow.model_type == model_type)
    if keys:
        query = query.where(TrainingExampleRow.key.in_(list(keys)))
    if persona_id:
        query = query.where(TrainingExampleRow.persona_id == persona_id)
    removed: int = query.execute()
    return removed


def _columns(example: StoredExample) -> dict[str, Any]:
    return {
        "label": example.label,
        "group_name": example.group,
        "persona_id": example.persona_id,
        "post_id": example.post_id,
        "text": example.text,
        "profile": None if example.profile is None else dict(example.profile),
    }


def _stored(row: TrainingExampleRow) -> StoredExample:
    return StoredExample(
        key=row.key,
        label=row.label,
        group=row.group_name,
        persona_id=row.persona_id,
        post_id=row.post_id,
        text=row.text,
        profile=row.profile,
    )
