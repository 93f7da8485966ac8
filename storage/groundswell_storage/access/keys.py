"""API keys: `gsk_<id>_<secret>`. The secret is shown once, and only its digest is stored.

A secret has 256 random bits, so that a plain SHA-256 is as hard to invert as a slow hash is for a password: there is no
dictionary to try.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from peewee import TextField

from groundswell_storage import errors
from groundswell_storage.audit import audit
from groundswell_storage.database import Database
from groundswell_storage.events.topics import KEY_CHANGED
from groundswell_storage.fields import BytesField, InstantField, JsonField, to_micros
from groundswell_storage.pages import Page, read_page
from groundswell_storage.records import record_of
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table, row_reader

Role = Literal["reader", "writer", "agent", "operator", "admin"]
ROLES: tuple[str, ...] = get_args(Role)
ALL_SCOPES = "*"
"""Replaces the list of all scopes, so that only the role limits the key."""

_PREFIX = "gsk"
_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # Without 0, 1, l and o, because ids are read aloud and typed.
_ID_LENGTH = 12


class ApiKeyRow(Table):
    """An API key, with digests in place of its secrets."""

    id = TextField(primary_key=True)
    name = TextField()
    role = TextField()
    scopes = JsonField()
    secret_digest = BytesField()
    previous_digest = BytesField(null=True)
    previous_expire_time = InstantField(null=True)
    create_time = InstantField()
    created_by = TextField()
    expire_time = InstantField(null=True)
    revoke_time = InstantField(null=True)
    last_use_time = InstantField(null=True)

    class Meta:
        indexes = ((("workspace", "create_time", "id"), False),)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """An API key without its secret."""

    id: str
    workspace: str
    name: str
    role: str
    scopes: tuple[str, ...]
    """The scopes of the key, such as `learning.read`, or ALL_SCOPES alone."""
    create_time: datetime
    created_by: str
    expire_time: datetime | None
    revoke_time: datetime | None
    last_use_time: datetime | None
    """Accurate to two minutes, because it is not written at each call."""


def create(
    scope: Scope,
    *,
    name: str,
    role: str,
    scopes: tuple[str, ...] = (ALL_SCOPES,),
    lifetime: timedelta | None = None,
) -> tuple[KeyRecord, str]:
    """Creates a key of the scope's workspace. Returns it and its token, which cannot be read again.

    Raises InvalidArgument for an unknown role, for no scopes, and for ALL_SCOPES beside other scopes.
    """
    if role not in ROLES:
        raise errors.InvalidArgument.of("role", f"must be one of {', '.join(ROLES)}", reason="VALIDATION_FAILED")
    if not scopes or (ALL_SCOPES in scopes and len(scopes) > 1):
        problem = f"must list scopes, or {ALL_SCOPES!r} alone for every scope, got {list(scopes)}"
        raise errors.InvalidArgument.of("scopes", problem, reason="VALIDATION_FAILED")
    id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
    token, secret_digest = _new_token(id)
    row = scope.insert(
        ApiKeyRow,
        id=id,
        name=name,
        role=role,
        scopes=list(scopes),
        secret_digest=secret_digest,
        create_time=scope.now,
        created_by=scope.actor,
        expire_time=None if lifetime is None else scope.now + lifetime,
    )
    record = _record(row)
    _record_change(scope, id, "created", after=_rights(record))
    return record, token


def get(scope: Scope, id: str) -> KeyRecord:
    """Returns a key; raises NotFound."""
    return _record(scope.get(ApiKeyRow, id))


def list_keys(scope: Scope, *, page_size: int = 0, page_token: str = "") -> Page[KeyRecord]:
    """Returns one page of the workspace's keys, newest first, with those that are revoked or expired."""
    return read_page(
        scope.select(ApiKeyRow),
        time=ApiKeyRow.create_time,
        id=ApiKeyRow.id,
        page_size=page_size,
        page_token=page_token,
    ).map(_record)


def any_active(database: Database) -> bool:
    """Returns true when any workspace has a valid key."""
    now = database.clock_sql
    found = database.execute(
        f"SELECT 1 FROM api_key WHERE revoke_time IS NULL AND (expire_time IS NULL OR expire_time > {now}) LIMIT 1"
    ).fetchone()
    return found is not None


def revoke(scope: Scope, id: str) -> KeyRecord:
    """Revokes a key immediately. Revoking it again changes nothing. Raises NotFound."""
    row = scope.get(ApiKeyRow, id, lock=True)
    if row.revoke_time is None:
        row.revoke_time = scope.now
        scope.update(ApiKeyRow, revoke_time=scope.now).where(ApiKeyRow.id == id).execute()
        _record_change(scope, id, "revoked", before=_rights(_record(row)))
    return _record(row)


def rotate(scope: Scope, id: str, *, grace: timedelta = timedelta(0)) -> tuple[KeyRecord, str]:
    """Gives a key a new secret and returns its token; the old secret works until the grace period ends.

    Raises NotFound, and FailedPrecondition (`API_KEY_REVOKED`) for a revoked key.
    """
    row = scope.get(ApiKeyRow, id, lock=True)
    if row.revoke_time is not None:
        raise errors.FailedPrecondition("the key is revoked: create a new one", reason="API_KEY_REVOKED")
    token, secret_digest = _new_token(id)
    scope.update(
        ApiKeyRow,
        secret_digest=secret_digest,
        previous_digest=row.secret_digest if grace else None,
        previous_expire_time=scope.now + grace if grace else None,
    ).where(ApiKeyRow.id == id).execute()
    _record_change(scope, id, "rotated", after={"grace_seconds": grace.total_seconds()})
    return _record(row), token


def authenticate(database: Database, token: str) -> KeyRecord | None:
    """Returns the key of a token, or None when it is malformed, unknown, revoked or expired by the database's clock."""
    prefix, _, rest = token.partition("_")
    id, _, secret = rest.partition("_")
    if prefix != _PREFIX or not id or not secret or "\x00" in id:
        return None
    columns = ", ".join(f'"{field.column_name}"' for field in ApiKeyRow._meta.sorted_fields)
    found = database.execute(f"SELECT {database.clock_sql}, {columns} FROM api_key WHERE id = ?", (id,)).fetchone()
    if found is None:
        return None
    now, row = found[0], _read(found[1:])
    given = hashlib.sha256(secret.encode()).digest()
    is_current = hmac.compare_digest(given, row.secret_digest)
    is_previous = hmac.compare_digest(given, row.previous_digest or row.secret_digest)
    if not is_current and not (is_previous and _is_future(row.previous_expire_time, now)):
        return None
    if row.revoke_time is not None or (row.expire_time is not None and not _is_future(row.expire_time, now)):
        return None
    return _record(row)


def touch(database: Database, uses: Mapping[str, datetime]) -> None:
    """Records when keys were last used (key id to time). For all keys used since the last call."""
    for id, used in sorted(uses.items()):
        database.execute(
            "UPDATE api_key SET last_use_time = ? WHERE id = ? AND (last_use_time IS NULL OR last_use_time < ?)",
            (to_micros(used), id, to_micros(used)),
        )


_read = row_reader(ApiKeyRow)


def _new_token(id: str) -> tuple[str, bytes]:
    secret = secrets.token_hex(32)
    return f"{_PREFIX}_{id}_{secret}", hashlib.sha256(secret.encode()).digest()


def _record_change(
    scope: Scope, id: str, change: str, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
) -> None:
    scope.publish(KEY_CHANGED, id, {"change": change})
    audit.record(scope, f"api_key.{change}", f"api_key/{id}", before=before, after=after)


def _rights(record: KeyRecord) -> dict[str, Any]:
    """Returns the rights of a key as the audit log shows them."""
    expires = None if record.expire_time is None else record.expire_time.isoformat()
    return {"name": record.name, "role": record.role, "scopes": list(record.scopes), "expire_time": expires}


def _is_future(instant: datetime | None, now_micros: int) -> bool:
    return instant is not None and to_micros(instant) > now_micros


def _record(row: ApiKeyRow) -> KeyRecord:
    return record_of(KeyRecord, row)
