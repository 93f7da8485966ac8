"""Resources: rows that users create, read, change and delete.

A subclass of `Resource` declares, beside its columns, the topic of its events and the columns that the audit log shows:

    class PersonaRow(Resource):
        name = TextField()
        note = TextField()

        topic = topics.PERSONA_CHANGED
        audited = ("name", "note")
        audited_by_length = frozenset({"note"})

`create`, `change` and `remove` write the row, its next version, the entry of the audit log and the event, all in the
transaction of the scope. `page` reads a list, newest first. `records.record_of` makes the record of a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, ClassVar, TypeVar

from peewee import IntegerField, TextField

from groundswell_storage import pages
from groundswell_storage.audit import audit
from groundswell_storage.errors import Aborted
from groundswell_storage.fields import InstantField, JsonField
from groundswell_storage.records import plain
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table, kind_of

R = TypeVar("R", bound="Resource")


class Resource(Table):
    """The base of tables whose rows are resources."""

    id = TextField(primary_key=True)
    create_time = InstantField()
    update_time = InstantField()
    version = IntegerField(default=1)
    """Number of the version, which `etag_of` names; each change makes the next."""

    topic: ClassVar[str]
    """Topic of the events of new and changed rows."""
    removal_topic: ClassVar[str]
    """Topic of the event of a removed row."""
    audited: ClassVar[Sequence[str]]
    """Columns that the audit log shows: all that hold something of a new or removed row, and those that a change
    made different."""
    audited_always: ClassVar[Sequence[str]] = ()
    """Columns of `audited` that every entry shows, different or not."""
    audited_by_length: ClassVar[frozenset[str]] = frozenset()
    """Columns of `audited` that hold texts that people wrote, or names of third parties. The log shows only the
    lengths of these."""

    def audited_columns(self) -> Sequence[str]:
        """Returns the columns of `audited` that mean something in this row."""
        return self.audited

    @property
    def audit_subject(self) -> str:
        """The subject of this row's entries in the audit log."""
        return f"{kind_of(type(self))}/{self.id}"

    def event_payload(self) -> dict[str, Any]:
        """Returns the payload of the events of this row."""
        return {}


def create(
    scope: Scope, model: type[R], *, action: str = "created", reason: str = "", id: str = "", **values: Any
) -> R:
    """Adds a row and returns it.

    Its entry in the audit log has the action `<kind>.<action>`, or `action` itself where that has a dot.

    Raises Peewee's IntegrityError when a unique key is there already.
    """
    stored = _stored(model, values)
    row = scope.insert(model, id=id or scope.new_id(), create_time=scope.now, update_time=scope.now, **stored)
    note_created(scope, row, action=action, reason=reason)
    return row


def note_created(scope: Scope, row: Resource, *, action: str = "created", reason: str = "") -> None:
    """Writes the audit entry and the event of a row that was added by other means."""
    after = _audited(row)
    names = [name for name, value in after.items() if value or name in row.audited_always]
    _record(scope, row, action, reason, after=_shown(row, after, names))
    announce(scope, row)


def change(
    scope: Scope,
    row: Resource,
    *,
    action: str = "updated",
    reason: str = "",
    **values: Any,
) -> None:
    """Writes changes of a row that this transaction has locked, as its next version; `row` has them afterwards."""
    before = _audited(row)
    revise(scope, row, **_stored(type(row), values))
    after = _audited(row)
    names = [name for name in after if name in row.audited_always or before[name] != after[name]]
    _record(scope, row, action, reason, before=_shown(row, before, names), after=_shown(row, after, names))
    announce(scope, row)


def remove(scope: Scope, row: Resource, *, action: str = "deleted", reason: str = "") -> None:
    """Deletes a row that this transaction has locked."""
    scope.execute(
        f'DELETE FROM "{type(row)._meta.table_name}" WHERE workspace = ? AND id = ?', (scope.workspace, row.id)
    )
    before = _audited(row)
    names = [name for name, value in before.items() if value or name in row.audited_always]
    _record(scope, row, action, reason, before=_shown(row, before, names))
    scope.publish(row.removal_topic, row.id, row.event_payload())


def announce(scope: Scope, row: Resource, **payload: Any) -> None:
    """Publishes the event of a changed row; `payload` is added to the payload of the event."""
    scope.publish(row.topic, row.id, {**row.event_payload(), **payload})


def get_locked(scope: Scope, model: type[R], id: str, etag: str = "") -> R:
    """Returns a row, locked against other changes until the transaction ends.

    Raises NotFound, and Aborted (`ETAG_MISMATCH`) when `etag` names another version.
    """
    row = scope.get(model, id, lock=True)
    check_etag(row.version, etag)
    return row


def page(scope: Scope, model: type[R], *conditions: Any, page_size: int = 0, page_token: str = "") -> pages.Page[R]:
    """Returns one page of the workspace's rows for which all conditions hold, newest first by creation."""
    query = scope.select(model)
    if conditions:
        query = query.where(*conditions)
    return pages.read_page(query, time=model.create_time, id=model.id, page_size=page_size, page_token=page_token)


def revise(scope: Scope, row: Any, **changes: Any) -> None:
    """Writes changes of a row as its next version, without an audit entry or an event, for frequent counts.

    Written out, because metrics change thirty columns at once and an ORM takes a millisecond for that.
    """
    changes |= {"update_time": scope.now, "version": row.version + 1}
    model: type[Table] = type(row)
    fields = model._meta.fields
    columns = ", ".join(f'"{fields[name].column_name}" = ?' for name in changes)
    scope.execute(
        f'UPDATE "{model._meta.table_name}" SET {columns} WHERE workspace = ? AND id = ?',
        (*(fields[name].db_value(value) for name, value in changes.items()), scope.workspace, row.id),
    )
    row.__data__.update(changes)


def etag_of(version: int) -> str:
    """Returns the etag of a row's version."""
    return f"v{version}"


def check_etag(version: int, etag: str) -> None:
    """Raises Aborted (`ETAG_MISMATCH`) when `etag` names another version; an empty one disables the check."""
    current = etag_of(version)
    if etag and etag != current:
        raise Aborted(
            f"the stored etag is {current}, got {etag[:64]!r}: another caller changed it; read it again, then repeat",
            reason="ETAG_MISMATCH",
            metadata={"etag": current},
        )


def _stored(model: type[Table], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as a row read from the database has them, so that old and new ones compare."""
    fields = model._meta.fields
    return {name: plain(value) if isinstance(fields[name], JsonField) else value for name, value in values.items()}


def _audited(row: Resource) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.audited_columns()}


def _record(scope: Scope, row: Resource, action: str, reason: str, **states: Mapping[str, Any]) -> None:
    name = action if "." in action else f"{kind_of(type(row))}.{action}"
    audit.record(scope, name, row.audit_subject, reason=reason, **states)


def _shown(row: Resource, values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: _length(values[name]) if name in row.audited_by_length else _json(values[name]) for name in names}


def _length(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""
    return f"{len(text)} characters"


def _json(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return value.name
    return value.isoformat() if isinstance(value, datetime) else value
