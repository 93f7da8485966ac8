"""Personas, and the register of their handles, which all workspaces of the deployment share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from peewee import BooleanField, CompositeKey, SmallIntegerField, TextField

from groundswell_storage.chunks import chunks
from groundswell_storage.events.topics import PERSONA_CHANGED
from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.resources import Resource
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

_CHUNK = 500
"""Handles looked up in one statement."""


class PersonaRow(Resource):
    """A voice that content is created for and posted as."""

    name = TextField()
    niche = TextField()
    handles = JsonField()
    """`[{"platform": 1, "handle": "luna.sky", "follower_count": 1200 or null}]`, as the user wrote them."""
    time_zone = TextField()
    sharing_opt_out = BooleanField(default=False)
    tracking_opt_out = BooleanField(default=False)
    import_name = TextField(null=True)
    """The name that an import created it under; null for the others. It keeps two imports from creating it twice."""
    delete_time = InstantField(null=True)

    topic = PERSONA_CHANGED
    audited = ("name", "niche", "handles", "time_zone", "delete_time")

    class Meta:
        indexes = (
            (("workspace", "create_time", "id"), False),
            (("workspace", "name"), False),
            (("workspace", "import_name"), True),
        )


class PersonaHandleRow(Table):
    """One handle of a persona: the register of AI personas."""

    platform = SmallIntegerField()
    handle = TextField()
    """Normalized, so that two spellings are one handle."""
    persona_id = TextField()
    """Empty once the persona is deleted: the handle stays registered, and another persona can take it over."""

    class Meta:
        primary_key = CompositeKey("platform", "handle")
        indexes = ((("persona_id",), False),)


def named(scope: Scope, name: str) -> PersonaRow | None:
    """Returns the living persona that imports mean by this name: the one they created, else the oldest."""
    query = scope.select(PersonaRow).where(PersonaRow.name == name, PersonaRow.delete_time.is_null())
    by_import = PersonaRow.import_name.is_null()
    found: PersonaRow | None = query.order_by(by_import, PersonaRow.create_time, PersonaRow.id).first()
    return found


def insert_for_import(scope: Scope, name: str, time_zone: str) -> bool:
    """Adds the persona that imports mean by this name; returns False when another import was faster."""
    times = {"create_time": scope.now, "update_time": scope.now}
    row = {"id": scope.new_id(), "name": name, "niche": "", "handles": [], "time_zone": time_zone, "import_name": name}
    return bool(scope.insert_many(PersonaRow, [row | times], skip_existing=True))


def register(scope: Scope, persona_id: str, handles: Iterable[tuple[int, str]]) -> tuple[int, str] | None:
    """Registers handles (platform, normalized) and returns the first that another persona has, or None.

    Waits for a transaction of another server that registers the same one. Handles registered before the taken one stay,
    so that the caller has to roll the transaction back.
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
