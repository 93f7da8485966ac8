"""Experiments and rollouts by their keys, which are unique among both, so that an event needs only a key."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from peewee import CompositeKey, IntegrityError, TextField

from groundswell_storage.errors import AlreadyExists, FailedPrecondition, NotFound
from groundswell_storage.resources import Resource, check_etag
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table, kind_of

if TYPE_CHECKING:
    from groundswell_storage.fields import EnumField

K = TypeVar("K", bound="KeyedResource")


class KeyedResource(Resource):
    """The base of resources with a key, which the audit log shows as the subject, and a state."""

    if TYPE_CHECKING:
        key: TextField
        state: EnumField[Any]

    @property
    def audit_subject(self) -> str:
        """The subject of this row's entries in the audit log."""
        return f"{kind_of(type(self))}/{self.key}"

    def event_payload(self) -> dict[str, Any]:
        """Returns the payload of this row's events."""
        return {"key": self.key, "state": self.state.name}


class ExperimentKeyRow(Table):
    """The key of an experiment or a rollout."""

    key = TextField()

    class Meta:
        primary_key = CompositeKey("workspace", "key")


def take(scope: Scope, key: str) -> None:
    """Reserves a key; raises AlreadyExists (`EXPERIMENT_KEY_TAKEN`)."""
    try:
        with scope.savepoint():
            scope.insert(ExperimentKeyRow, key=key)
    except IntegrityError as error:
        raise AlreadyExists("experiment or rollout", key, reason="EXPERIMENT_KEY_TAKEN") from error


def get(scope: Scope, model: type[K], key: str, *, lock: bool = False) -> K:
    """Returns the row of this key; raises NotFound. `lock` prevents changes until the transaction ends."""
    suffix = " FOR UPDATE" if lock and scope.database.dialect != "sqlite" else ""
    rows = scope.rows(model, f"key = ?{suffix}", key)
    if not rows:
        raise NotFound(kind_of(model), key)
    return rows[0]


def get_locked(scope: Scope, model: type[K], key: str, *states: IntEnum, etag: str = "") -> K:
    """Returns a row in one of these states, which nobody else changes until the transaction ends.

    Raises NotFound, Aborted (`ETAG_MISMATCH`), FailedPrecondition (`<KIND>_STATE_INVALID`).
    """
    row = get(scope, model, key, lock=True)
    check_etag(row.version, etag)
    if row.state not in states:
        kind, allowed = kind_of(model), " or ".join(one.name for one in states)
        raise FailedPrecondition(
            f"{kind} {key!r} must be {allowed}, but it is {row.state.name}",
            reason=f"{kind.upper()}_STATE_INVALID",
            metadata={"state": row.state.name},
        )
    return row


def find_many(scope: Scope, model: type[K], keys: Collection[str]) -> dict[str, K]:
    """Returns the existing rows among these keys."""
    return {row.key: row for row in scope.select(model).where(model.key.in_(list(keys)))}
