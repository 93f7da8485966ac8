"""Connections to platforms, with their tokens, which are encrypted before they reach this module."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from peewee import SmallIntegerField, TextField

from groundswell_storage.database import Database
from groundswell_storage.fields import BytesField, InstantField, to_micros
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class PlatformConnectionRow(Table):
    """The token with which posts of a persona, or of all others, are fetched from a platform."""

    id = TextField(primary_key=True)
    persona_id = TextField()
    """Empty for the connection that serves every persona without its own."""
    platform = SmallIntegerField()
    account = TextField()
    token = BytesField()
    """Encrypted."""
    state = SmallIntegerField()
    problem = TextField(default="")
    expire_time = InstantField(null=True)
    connect_time = InstantField()
    sync_time = InstantField(null=True)

    class Meta:
        indexes = (
            (("workspace", "persona_id", "platform"), True),
            (("workspace", "connect_time", "id"), False),
        )


def page(scope: Scope, *, persona_id: str, page_size: int, page_token: str) -> Page[PlatformConnectionRow]:
    """Returns one page of the workspace's connections, newest first; an empty `persona_id` means all."""
    query = scope.select(PlatformConnectionRow)
    if persona_id:
        query = query.where(PlatformConnectionRow.persona_id == persona_id)
    return read_page(
        query,
        time=PlatformConnectionRow.connect_time,
        id=PlatformConnectionRow.id,
        page_size=page_size,
        page_token=page_token,
    )


def every(scope: Scope) -> list[PlatformConnectionRow]:
    """Returns all connections of the workspace."""
    return list(scope.select(PlatformConnectionRow))


def find(scope: Scope, persona_id: str, platform: int) -> PlatformConnectionRow | None:
    """Returns the connection of a persona to a platform; the shared one for an empty persona."""
    found: PlatformConnectionRow | None = (
        scope.select(PlatformConnectionRow)
        .where((PlatformConnectionRow.persona_id == persona_id) & (PlatformConnectionRow.platform == platform))
        .first()
    )
    return found


def store(scope: Scope, values: dict[str, Any]) -> PlatformConnectionRow:
    """Stores a connection in place of the one that the persona had to the platform."""
    remove(scope, values["persona_id"], values["platform"])
    return scope.insert(PlatformConnectionRow, **values)


def remove(scope: Scope, persona_id: str, platform: int) -> bool:
    """Deletes a connection with its token; returns True if it existed."""
    query = scope.delete(PlatformConnectionRow).where(
        (PlatformConnectionRow.persona_id == persona_id) & (PlatformConnectionRow.platform == platform)
    )
    return bool(query.execute())


def note(scope: Scope, id: str, **changes: Any) -> None:
    """Records changes of a connection: `state` and `problem`, or `sync_time`. A deleted one stays deleted."""
    scope.update(PlatformConnectionRow, **changes).where(PlatformConnectionRow.id == id).execute()


def workspaces(database: Database, state: int, now: datetime) -> list[str]:
    """Returns the workspaces with a connection in this state that has not expired, which have something to sync."""
    rows = database.execute(
        "SELECT DISTINCT workspace FROM platform_connection WHERE state = ? "
        "AND (expire_time IS NULL OR expire_time > ?) "
        "ORDER BY workspace",
        (state, to_micros(now)),
    ).fetchall()
    return [workspace for (workspace,) in rows]


def tokens(database: Database) -> list[tuple[str, str, bytes]]:
    """Returns and locks all encrypted tokens of the deployment, for another key: (workspace, id, token)."""
    lock = "" if database.dialect == "sqlite" else " FOR UPDATE"
    rows = database.execute(f"SELECT workspace, id, token FROM platform_connection ORDER BY id{lock}").fetchall()
    return [(workspace, id, bytes(token)) for workspace, id, token in rows]


def replace_token(database: Database, workspace: str, id: str, token: bytes) -> None:
    """Stores a token encrypted with another key."""
    database.execute("UPDATE platform_connection SET token = ? WHERE workspace = ? AND id = ?", (token, workspace, id))
