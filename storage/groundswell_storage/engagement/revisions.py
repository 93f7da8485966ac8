"""Rows that people edit: each change makes a new version of them, which `etag` names."""

from __future__ import annotations

from typing import Any

from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


def revise(scope: Scope, row: Any, **changes: Any) -> None:
    """Writes changes of a row that this transaction has locked, as its next version; `row` has them afterwards.

    Written out, because metrics change thirty columns at once and an ORM takes a millisecond for that.
    """
    changes |= {"updated": scope.now, "version": row.version + 1}
    model: type[Table] = type(row)
    fields = model._meta.fields
    columns = ", ".join(f'"{fields[name].column_name}" = ?' for name in changes)
    scope.execute(
        f'UPDATE "{model._meta.table_name}" SET {columns} WHERE workspace = ? AND id = ?',
        (*(fields[name].db_value(value) for name, value in changes.items()), scope.workspace, row.id),
    )
    row.__data__.update(changes)
