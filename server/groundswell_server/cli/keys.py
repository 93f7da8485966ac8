"""`groundswell keys`: the API keys of a workspace, read from and written to the database itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from groundswell_server.cli.commands import Commands
from groundswell_server.cli.opening import Workspace, open_scope
from groundswell_server.cli.output import AsJson, show, show_json
from groundswell_server.cli.serving import Database

if TYPE_CHECKING:
    from groundswell_storage.keys import KeyRecord


application = Commands(help="Create, list, revoke and rotate API keys.")

KeyId = Annotated[str, typer.Argument(metavar="ID", help="The middle part of gsk_ID_SECRET.")]


@application.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, such as 'ci'.")],
    role: Annotated[str, typer.Option(help="reader, writer, agent, operator or admin.")] = "writer",
    workspace: Workspace = "default",
    scope: Annotated[
        list[str] | None, typer.Option(help="Limit the key to this scope, such as learning.read; can be repeated.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never by default.")] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is shown once and stored nowhere."""
    from groundswell_storage import keys

    _check(name, scope or ())
    lifetime = timedelta(days=days) if days else None
    with open_scope(database, workspace) as opened:
        record, token = keys.create(opened, name=name, role=role, scopes=tuple(scope or ()), lifetime=lifetime)
    _reveal(record, token, as_json)


@application.command("list")
def list_all(workspace: Workspace = "default", database: Database = None, as_json: AsJson = False) -> None:
    """Show the keys of a workspace, revoked ones too."""
    from groundswell_storage import keys

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


@application.command()
def revoke(key: KeyId, workspace: Workspace = "default", database: Database = None, as_json: AsJson = False) -> None:
    """End a key at once, on all servers."""
    from groundswell_storage import keys

    with open_scope(database, workspace, existing=True) as opened:
        record = keys.revoke(opened, key)
    _show([_row(record)], as_json)


@application.command()
def rotate(
    key: KeyId,
    grace_hours: Annotated[float, typer.Option(min=0, help="Hours for which the old secret still works.")] = 0.0,
    workspace: Workspace = "default",
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret."""
    from groundswell_storage import keys

    with open_scope(database, workspace, existing=True) as opened:
        record, token = keys.rotate(opened, key, grace=timedelta(hours=grace_hours))
    _reveal(record, token, as_json)


def _check(name: str, scopes: Iterable[str]) -> None:
    from groundswell_server.runtime.permissions import ACCESS
    from groundswell_storage.errors import InvalidArgument

    if not name.strip():
        raise InvalidArgument.of("name", "is empty: say what the key is for")
    # A key that is limited to a scope that no call asks for can do nothing, and says so only when it is used.
    known = sorted({access.scope for access in ACCESS.values() if access.scope})
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
    """All of it for programs; without the workspace for people, who named it."""
    columns = [row if as_json else {name: row[name] for name in row if name != "workspace"} for row in rows]
    show(columns, as_json, empty=empty)


def _reveal(record: KeyRecord, token: str, as_json: bool) -> None:
    if as_json:
        show_json({**_row(record), "token": token})
        return
    typer.echo(token)
    # Not to where the token goes: key=$(groundswell keys create ci) holds the token alone.
    typer.echo("Keep it: it is not stored and can't be shown again. The SDK and this command take it from", err=True)
    typer.echo("GROUNDSWELL_API_KEY; other callers send it as `authorization: Bearer gsk_...`.", err=True)
