"""The positions of consumers that process the event log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peewee import BigIntegerField, TextField

from groundswell_storage.events import events
from groundswell_storage.events.events import Position
from groundswell_storage.table import SystemTable

if TYPE_CHECKING:
    from groundswell_storage.database import Database


class EventConsumerRow(SystemTable):
    """The last event that a consumer has processed."""

    name = TextField(primary_key=True)
    xid = BigIntegerField()
    seq = BigIntegerField()


def position(database: Database, name: str) -> Position:
    """Returns the position of a consumer; the beginning of the log for a new consumer."""
    row = database.execute("SELECT xid, seq FROM event_consumer WHERE name = ?", (name,)).fetchone()
    return events.START if row is None else (row[0], row[1])


def advance(database: Database, name: str, before: Position, after: Position) -> bool:
    """Advances a consumer from its previous position, in the transaction of its work.

    Returns False when another process has advanced it meanwhile: this transaction must then be rolled back.
    """
    moved = database.execute(
        "INSERT INTO event_consumer (name, xid, seq) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
        "SET xid = excluded.xid, seq = excluded.seq WHERE event_consumer.xid = ? AND event_consumer.seq = ? "
        "RETURNING name",
        (name, *after, *before),
    ).fetchall()
    return bool(moved)
