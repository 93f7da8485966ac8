"""`groundswell keys`: manages the API keys of a workspace, directly in the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from groundswell.cli.output import show, show_json
from groundswell_server.cli.commands import (
    ServerCommand,
    database_option,
    group,
    output_option,
    workspace_option,
)
from groundswell_server.cli.database_access import open_scope

if TYPE_CHECKING:
    from groundswell_storage.access.keys import KeyRecord


@group("keys")
def keys_group() -> None:
    """Create, list, revoke and rotate API keys."""


@keys_group.command("create", cls=ServerCommand)
@click.argument("name", help="The purpose of the key, such as 'ci'.")
@click.option("--role", default="writer", show_default=True, help="reader, agent, writer, operator or admin.")
@click.option(
    "--scope",
    multiple=True,
    help="Limit the key to this scope, such as learning.read; repeatable. Without it: every scope.",
)
@click.option("--days", type=click.IntRange(min=1), help="Days until the key expires; never by default.")
@workspace_option
@database_option
@output_option
def create(
    name: str,
    role: str,
    scope: tuple[str, ...],
    days: int | None,
    workspace: str,
    database: str | None,
    as_json: bool,
) -> None:
    """Create a key. Its secret is printed once and not stored."""
    from groundswell_storage.access import keys

    _check(name, scope)
    lifetime = timedelta(days=days) if days else None
    scopes = tuple(scope) if scope else (keys.ALL_SCOPES,)
    with open_scope(database, workspace) as opened:
        record, token = keys.create(opened, name=name, role=role, scopes=scopes, lifetime=lifetime)
    _reveal(record, token, as_json)


@keys_group.command("list", cls=ServerCommand)
@workspace_option
@database_option
@output_option
def list_all(workspace: str, database: str | None, as_json: bool) -> None:
    """List the keys of a workspace, revoked ones included."""
    from groundswell_storage.access import keys

    with open_scope(database, workspace, existing=True) as opened:
        rows = []
        token = ""
        while True:
            page = keys.list_keys(opened, page_size=1000, page_token=token)
            rows += [_row(record) for record in page.items]
            token = page.next_page_token
            if not token:
                break
    _show(rows, as_json, empty=f"workspace {workspace} has no keys")


@keys_group.command("revoke", cls=ServerCommand)
@click.argument("key", metavar="ID", help="The middle part of gsk_ID_SECRET.")
@workspace_option
@database_option
@output_option
def revoke(key: str, workspace: str, database: str | None, as_json: bool) -> None:
    """End a key at once, on all servers."""
    from groundswell_storage.access import keys

    with open_scope(database, workspace, existing=True) as opened:
        record = keys.revoke(opened, key)
    _show([_row(record)], as_json)


@keys_group.command("rotate", cls=ServerCommand)
@click.argument("key", metavar="ID", help="The middle part of gsk_ID_SECRET.")
@click.option("--grace-hours", type=click.FloatRange(min=0), default=0.0, help="Hours for which the old secret works.")
@workspace_option
@database_option
@output_option
def rotate(key: str, grace_hours: float, workspace: str, database: str | None, as_json: bool) -> None:
    """Give a key a new secret."""
    from groundswell_storage.access import keys

    with open_scope(database, workspace, existing=True) as opened:
        record, token = keys.rotate(opened, key, grace=timedelta(hours=grace_hours))
    _reveal(record, token, as_json)


def _check(name: str, scopes: Iterable[str]) -> None:
    from groundswell_server.services.registry import all_scopes
    from groundswell_storage.errors import InvalidArgument

    if not name.strip():
        raise InvalidArgument.of("name", "must not be empty: name the purpose of the key")
    # A key with an unknown scope could make no call, and would fail only when it is used.
    known = all_scopes()
    for scope in scopes:
        if scope not in known:
            raise InvalidArgument.of("scope", f"{scope!r} is not one of {', '.join(known)}")


def _row(record: KeyRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "workspace": record.workspace,
        "role": record.role,
        "scopes": list(record.scopes),
        "create_time": record.create_time,
        "expire_time": record.expire_time,
        "revoke_time": record.revoke_time,
        "last_use_time": record.last_use_time,
    }


def _show(rows: list[dict[str, Any]], as_json: bool, *, empty: str = "") -> None:
    """Prints all columns as JSON; a table omits the workspace, which the user has named."""
    columns = [row if as_json else {name: row[name] for name in row if name != "workspace"} for row in rows]
    show(columns, as_json, empty=empty)


def _reveal(record: KeyRecord, token: str, as_json: bool) -> None:
    from groundswell_storage.access import keys

    if as_json:
        show_json({**_row(record), "token": token})
        return
    click.echo(token)
    limit = "every scope" if keys.ALL_SCOPES in record.scopes else f"the scopes {', '.join(record.scopes)}"
    click.echo(f"Role {record.role} with {limit}.", err=True)
    # On stderr, so that key=$(groundswell keys create ci) holds the token only.
    click.echo("Keep it: it is not stored and can't be shown again. The SDK and this command read it from", err=True)
    click.echo("GROUNDSWELL_API_KEY; other callers send it as `authorization: Bearer gsk_...`.", err=True)
