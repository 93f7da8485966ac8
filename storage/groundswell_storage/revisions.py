"""Rows that people edit: each change makes a new version of them, which `etag` names."""

from __future__ import annotations

from typing import Any

from groundswell_storage.errors import Aborted
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


def revise(scope: Scope, row: Any, **changes: Any) -> None:
    """Writes changes of a row that this transaction has locked, as its next version; `row` has them afterwards.

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
    """The etag of a row's version."""
    return f"v{version}"


def check_etag(version: int, etag: str) -> None:
    """Raises Aborted (`ETAG_MISMATCH`) when `etag` names another version; an empty one asks for no check."""
    current = etag_of(version)
    if etag and etag != current:
        raise Aborted(
            f"somebody else changed it: {current} is stored, {etag[:64]!r} was sent; read it again, then repeat",
            reason="ETAG_MISMATCH",
            metadata={"etag": current},
        )
