"""The register of the handles of AI personas, which all workspaces of the deployment share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from peewee import CompositeKey, SmallIntegerField, TextField

from groundswell_storage.chunks import chunks
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

_CHUNK = 500
"""Handles looked up in one statement."""


class PersonaHandleRow(Table):
    """A handle of a persona."""

    platform = SmallIntegerField()
    handle = TextField()
    """Normalized, so that two spellings are one handle."""
    persona_id = TextField()
    """Empty once the persona is deleted: the handle stays registered, and another persona can take it over."""

    class Meta:
        primary_key = CompositeKey("platform", "handle")
        indexes = ((("persona_id",), False),)


def register(scope: Scope, persona_id: str, handles: Iterable[tuple[int, str]]) -> tuple[int, str] | None:
    """Registers handles (platform, normalized) and returns the first that another persona has, or None.

    Waits for a transaction of another server that registers the same handle. Handles before the taken one
    remain registered, so the caller must roll the transaction back.
    """
    for platform, handle in handles:
        row = {"platform": platform, "handle": handle, "persona_id": persona_id}
        if not scope.insert_many(PersonaHandleRow, [row], skip_existing=True) and not _take_over(scope, row):
            return platform, handle
    return None


def _take_over(scope: Scope, row: dict[str, Any]) -> bool:
    """Takes a handle over from a deleted persona of any workspace; returns false when there is none."""
    cursor = scope.execute(
        "UPDATE persona_handle SET workspace = ?, persona_id = ? WHERE platform = ? AND handle = ? AND persona_id = ''",
        (scope.workspace, row["persona_id"], row["platform"], row["handle"]),
    )
    return bool(cursor.rowcount == 1)


def retire(scope: Scope, persona_id: str) -> None:
    """Leaves the handles of a deleted persona in the register without a persona, because no human acted under them."""
    scope.update(PersonaHandleRow, persona_id="").where(PersonaHandleRow.persona_id == persona_id).execute()


def unregister(scope: Scope, persona_id: str) -> None:
    """Removes all handles of a persona from the register."""
    scope.delete(PersonaHandleRow).where(PersonaHandleRow.persona_id == persona_id).execute()


def registered(scope: Scope, platform: int, handles: Sequence[str]) -> list[str]:
    """Returns those of these normalized handles that are registered, by any workspace.

    The only query across workspaces: a persona of one workspace is not a person for any other. It reveals nothing
    except which of the given handles are registered.
    """
    found: list[str] = []
    for chunk in chunks(handles, _CHUNK):
        marks = ", ".join("?" * len(chunk))
        cursor = scope.execute(
            f"SELECT handle FROM persona_handle WHERE platform = ? AND handle IN ({marks})", (platform, *chunk)
        )
        found += [handle for (handle,) in cursor.fetchall()]
    return found
