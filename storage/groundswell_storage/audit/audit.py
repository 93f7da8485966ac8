"""The audit log: actor, time, and the state before and after each change. Entries are never changed or removed.

An entry commits in the transaction of its change, so that neither exists without the other. The log has no entries for
what is only counted (metrics, interactions, events of experiments), and holds no secrets and no texts of people.
`audit_chain` seals the entries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import BigIntegerField, TextField

from groundswell_storage.fields import InstantField
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class AuditEntryRow(Table):
    """A change. The states before and after it are stored as text, so that a seal covers exactly these characters."""

    id = TextField(primary_key=True)
    actor = TextField()
    action = TextField()
    subject = TextField()
    reason = TextField()
    before = TextField()
    after = TextField()
    create_time = InstantField()
    batch = BigIntegerField(null=True)
    """Number of the sealed batch of the entry; null until it is sealed."""

    class Meta:
        indexes = ((("workspace", "create_time", "id"), False), (("batch",), False))


AuditEntryRow.add_index(
    AuditEntryRow.index(AuditEntryRow.id, where=AuditEntryRow.batch.is_null(), name="audit_entry_unsealed")
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A change that was made."""

    id: str
    time: datetime
    actor: str
    """Id of the API key, `cli` for the command line, or the name of a job, such as `learning.retrain`."""
    action: str
    """The action, such as `model.promoted`."""
    subject: str
    """The kind and id of the changed resource, such as `model/0190...`."""
    reason: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    batch: int | None
    """Number of the sealed batch of the entry; None until it is sealed."""


def record(
    scope: Scope,
    action: str,
    subject: str,
    *,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Appends an entry by the scope's actor, in the transaction of the change.

    `action` is `subject.done`, such as `rollout.advanced`; `subject` is a kind and an id, such as `rollout/<id>`.
    `before` and `after` hold the changed values as small JSON, without secrets and without texts that people wrote.
    """
    scope.insert(
        AuditEntryRow,
        id=scope.new_id(),
        actor=scope.actor,
        action=action,
        subject=subject,
        reason=reason,
        before=_text(before),
        after=_text(after),
        create_time=scope.now,
    )


def list_entries(
    scope: Scope, *, subject: str = "", action: str = "", page_size: int = 0, page_token: str = ""
) -> Page[AuditEntry]:
    """Returns one page of the workspace's entries, newest first: those of a subject, those of an action, or all."""
    query = scope.select(AuditEntryRow)
    if subject:
        query = query.where(AuditEntryRow.subject == subject)
    if action:
        query = query.where(AuditEntryRow.action == action)
    return read_page(
        query,
        time=AuditEntryRow.create_time,
        id=AuditEntryRow.id,
        page_size=page_size,
        page_token=page_token,
    ).map(_entry)


def _text(value: Mapping[str, Any] | None) -> str:
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _value(text: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(text) if text else None
    return found


def _entry(row: AuditEntryRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        time=row.create_time,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        reason=row.reason,
        before=_value(row.before),
        after=_value(row.after),
        batch=row.batch,
    )
