"""Connections to platforms: the tokens by which posts are fetched. Only the sync can read a token."""

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
    """Empty for all personas without a connection of their own."""
    platform: Platform
    access_token: str = field(repr=False)
    account: str = ""
    expire_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection without its token."""

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
    """A usable connection with its token."""

    id: str
    persona_id: str
    platform: Platform
    token: str = field(repr=False)


def connect(scope: Scope, draft: ConnectionDraft, vault: TokenVault) -> Connection:
    """Stores a token in place of the previous one and fetches missing posts again. Raises NotFound."""
    if draft.persona_id:
        active_persona(scope, draft.persona_id)
    if draft.expire_time is not None and draft.expire_time <= scope.now:
        raise InvalidArgument.of("expire_time", f"must be in the future, got {draft.expire_time.isoformat()}")
    before = connections.find(scope, draft.persona_id, draft.platform)
    row = connections.store(
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
    _record_change(scope, "connected", row, before=before, after=row)
    return connection_of(row, scope.now)


def disconnect(scope: Scope, persona_id: str, platform: Platform) -> None:
    """Removes a token; raises NotFound for an unknown persona or connection."""
    if persona_id:
        scope.get(PersonaRow, persona_id)
    row = connections.find(scope, persona_id, platform)
    if row is None or not connections.remove(scope, persona_id, platform):
        raise NotFound("connection", f"{persona_id or 'all personas'}/{platform.name}")
    _record_change(scope, "disconnected", row, before=row)


def list_connections(
    scope: Scope, *, persona_id: str = "", page_size: int = 0, page_token: str = ""
) -> Page[Connection]:
    """Returns one page of the workspace's connections, newest first; an empty `persona_id` means all."""
    found = connections.page(scope, persona_id=persona_id, page_size=page_size, page_token=page_token)
    return found.map(lambda row: connection_of(row, scope.now))


def usable(scope: Scope, vault: TokenVault) -> dict[tuple[str, Platform], OpenConnection]:
    """Returns the usable connections by persona (empty for the shared one) and platform.

    A connection whose token cannot be decrypted is logged and left out.
    """
    found = {}
    for row in connections.every(scope):
        platform = Platform(row.platform)
        if connection_of(row, scope.now).state is not ConnectionState.CONNECTED:
            continue
        try:
            token = vault.open(row.token, _owner(scope, row.persona_id, platform))
        except DataLoss as error:
            log.warning("connection skipped: its token cannot be decrypted", connection=row.id, error=error.message)
            continue
        found[row.persona_id, platform] = OpenConnection(row.id, row.persona_id, platform, token)
    return found


def connection_of(row: PlatformConnectionRow, now: datetime) -> Connection:
    """Returns the connection of a row in its present state."""
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


def _record_change(
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
    """Returns the state of a connection for the audit log, without the token."""
    if row is None:
        return None
    expires = None if row.expire_time is None else row.expire_time.isoformat()
    return {"id": row.id, "account": row.account, "state": ConnectionState(row.state).name, "expire_time": expires}
