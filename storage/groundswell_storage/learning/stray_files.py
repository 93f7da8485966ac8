"""Files outside the database that no row names: about to be written, or about to be removed.

A file is announced here before it is written, and leaves this table once the row that names it commits; a deleted row
leaves its files here. Therefore a crash at any moment leaves no row without its file, and no file without a row for
long.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from peewee import TextField

from groundswell_storage.database import Database
from groundswell_storage.errors import Aborted
from groundswell_storage.fields import InstantField, to_micros
from groundswell_storage.table import SystemTable

PATIENCE = timedelta(days=1)
"""Time from the announcement of a file to its removal, when no row names it."""
_UNDER_WAY = timedelta(hours=1)
"""A file is not adopted within this time before it is due, because the transaction may take some time to commit."""


class StrayFileRow(SystemTable):
    """A file that is removed when it is due."""

    path = TextField(primary_key=True)
    due = InstantField()

    class Meta:
        indexes = ((("due",), False),)


def announce(database: Database, paths: Sequence[str], *, due: datetime) -> None:
    """Announces files that are removed at the time `due`, unless they are adopted before; called in a transaction."""
    for path in paths:
        database.execute("INSERT INTO stray_file (path, due) VALUES (?, ?)", (path, to_micros(due)))


def adopt(database: Database, paths: Sequence[str], now: datetime) -> None:
    """Adopts files in the transaction of the row that names them; raises Aborted when it is too late for one."""
    for path in paths:
        adopted = database.execute(
            "DELETE FROM stray_file WHERE path = ? AND due > ? RETURNING path", (path, to_micros(now + _UNDER_WAY))
        ).fetchone()
        if adopted is None:
            raise Aborted(f"the file {path} was not stored in time: repeat the call")


def list_due(database: Database, now: datetime, limit: int) -> list[str]:
    """Returns the files to be removed now, the longest overdue first."""
    rows = database.execute(
        "SELECT path FROM stray_file WHERE due <= ? ORDER BY due, path LIMIT ?", (to_micros(now), limit)
    ).fetchall()
    return [path for (path,) in rows]


def forget(database: Database, path: str) -> None:
    """Records that a file was removed; called in a transaction."""
    database.execute("DELETE FROM stray_file WHERE path = ?", (path,))
