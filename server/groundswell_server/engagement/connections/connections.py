"""Connections: by which token a persona's posts are fetched from a platform. No token ever leaves here but to syncs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from groundswell_server.engagement.connections.token_vault import TokenVault
from groundswell_server.engagement.personas import active_persona
from groundswell_storage.audit import audit
from groundswell_storage.engagement import connections, post_syncs
from groundswell_storage.engagement.connections import PlatformConnectionRow
from groundswell_storage.engagement.enums import ConnectionState, Platform, SyncOutcome
from groundswell_storage.engagement.personas import PersonaRow
from groundswell_storage.errors import DataLoss, InvalidArgument, NotFound
from groundswell_storage.events.topics import CONNECTION_CHANGED
from groundswell_storage.pages import Page
from groundswell_storage.scope import Scope

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ConnectionDraft:
    """A connection to make."""

    persona_id: str
    """Empty for every persona without its own."""
    platform: Platform
    access_token: str = field(repr=False)
    account: str = ""
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection as everybody may see it."""

    id: str
    persona_id: str
    platform: Platform
    account: str
    state: ConnectionState
    problem: str
    expire_time: datetime | None
    connect_time: datetime
    sync_time: datetime | None


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection that can be used."""

    id: str
    persona_id: str
    platform: Platform
    token: str = field(repr=False)


def connect(scope: Scope, draft: ConnectionDraft, vault: TokenVault) -> Connection:
    """Keeps a token in place of the one before; posts that were gone are asked for again. Raises NotFound."""
    if draft.persona_id:
        active_persona(scope, draft.persona_id)
    if draft.expire_time is not None and draft.expire_time <= scope.now:
        raise InvalidArgument.of("expire_time", "lies in the past")
    before = connections.find(scope, draft.persona_id, draft.platform)
    row = connections.keep(
        scope,
        {
            "id": scope.new_id(),
            "persona_id": draft.persona_id,
            "platform": draft.platform,
            "account": draft.account,
            "token": vault.lock(draft.access_token, _owner(scope, draft.persona_id, draft.platform)),
            "state": ConnectionState.CONNECTED,
            "expire_time": draft.expire_time,
            "connect_time": scope.now,
        },
    )
    post_syncs.forget_gone(scope, draft.persona_id, draft.platform, SyncOutcome.GONE)
    _tell(scope, "connected", row, before=before, after=row)
    return connection_of(row, scope.now)


def disconnect(scope: Scope, persona_id: str, platform: Platform) -> None:
    """Forgets a token; raises NotFound for the persona, and for a connection that is not there."""
    if persona_id:
        scope.get(PersonaRow, persona_id)
    row = connections.find(scope, persona_id, platform)
    if row is None or not connections.remove(scope, persona_id, platform):
        raise NotFound("connection", f"{persona_id or 'all personas'}/{platform.name}")
    _tell(scope, "disconnected", row, before=row)


def list_connections(
    scope: Scope, *, persona_id: str = "", page_size: int = 0, page_token: str = ""
) -> Page[Connection]:
    """One page of the workspace's connections, newest first; an empty `persona_id` means all."""
    found = connections.page(scope, persona_id=persona_id, page_size=page_size, page_token=page_token)
    return found.map(lambda row: connection_of(row, scope.now))


def usable(scope: Scope, vault: TokenVault) -> dict[tuple[str, Platform], OpenConnection]:
    """The connections that can be used now, by persona (empty for the common one) and platform.

    One whose token can't be decrypted is left out: it keeps no other from being used.
    """
    found = {}
    for row in connections.every(scope):
        platform = Platform(row.platform)
        if connection_of(row, scope.now).state is not ConnectionState.CONNECTED:
            continue
        try:
            token = vault.open(row.token, _owner(scope, row.persona_id, platform))
        except DataLoss as error:
            log.warning("connection left out", connection=row.id, error=error.message)
            continue
        found[row.persona_id, platform] = OpenConnection(row.id, row.persona_id, platform, token)
    return found


def connection_of(row: PlatformConnectionRow, now: datetime) -> Connection:
    """The connection of a row as it is now."""
    state = ConnectionState(row.state)
    if state is ConnectionState.CONNECTED and row.expire_time is not None and row.expire_time <= now:
        state = ConnectionState.TOKEN_EXPIRED
    return Connection(
        id=row.id,
        persona_id=row.persona_id,
        platform=Platform(row.platform),
        account=row.account,
        state=state,
        problem=row.problem,
        expire_time=row.expire_time,
        connect_time=row.connect_time,
        sync_time=row.sync_time,
    )


def _owner(scope: Scope, persona_id: str, platform: Platform) -> str:
    return f"{scope.workspace}/{persona_id}/{int(platform)}"


def _tell(
    scope: Scope,
    change: str,
    row: PlatformConnectionRow,
    *,
    before: PlatformConnectionRow | None = None,
    after: PlatformConnectionRow | None = None,
) -> None:
    scope.publish(CONNECTION_CHANGED, row.id, {"persona_id": row.persona_id, "platform": int(row.platform)})
    subject = f"connection/{row.persona_id or '*'}/{Platform(row.platform).name}"
    audit.record(scope, f"platform.{change}", subject, before=_shown(before), after=_shown(after))


def _shown(row: PlatformConnectionRow | None) -> dict[str, Any] | None:
    """What the audit log tells of a connection; the token never leaves its row."""
    if row is None:
        return None
    expires = None if row.expire_time is None else row.expire_time.isoformat()
    return {"id": row.id, "account": row.account, "state": ConnectionState(row.state).name, "expire_time": expires}
