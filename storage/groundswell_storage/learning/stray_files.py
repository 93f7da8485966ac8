"""Files outside the database that no row names: about to be written, or to be removed.

A file is announced here before it is written, and is no longer here once the row that names it commits; a deleted row
leaves its files here. So whoever dies at whatever moment leaves a row without its file never, and a file without its
row not for long.
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
"""From the announcement of a file to its removal, when no row names it."""
_UNDER_WAY = timedelta(hours=1)
"""A file is not adopted so shortly before it is due: a transaction that does may take its time to commit."""


class StrayFileRow(SystemTable):
    """A file that is removed when it is due."""

    path = TextField(primary_key=True)
    due = InstantField()

    class Meta:
        indexes = ((("due",), False),)


def announce(database: Database, paths: Sequence[str], *, due: datetime) -> None:
    """Files that are removed when `due`, unless they are adopted before; in a transaction."""
    for path in paths:
        database.execute("INSERT INTO stray_file (path, due) VALUES (?, ?)", (path, to_micros(due)))


def adopt(database: Database, paths: Sequence[str], now: datetime) -> None:
    """In the transaction of the row that names them from now on; raises Aborted when it is too late for one."""
    for path in paths:
        adopted = database.execute(
            "DELETE FROM stray_file WHERE path = ? AND due > ? RETURNING path", (path, to_micros(now + _UNDER_WAY))
        ).fetchone()
        if adopted is None:
            raise Aborted(f"the file {path} waited too long for its row: do the work again")


def list_due(database: Database, now: datetime, limit: int) -> list[str]:
    """Files to be removed now, the longest due first."""
    rows = database.execute(
        "SELECT path FROM stray_file WHERE due <= ? ORDER BY due, path LIMIT ?", (to_micros(now), limit)
    ).fetchall()
    return [path for (path,) in rows]


def forget(database: Database, path: str) -> None:
    """The file has been removed; in a transaction."""
    database.execute("DELETE FROM stray_file WHERE path = ?", (path,))
