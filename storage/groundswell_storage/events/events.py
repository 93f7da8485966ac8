"""The event log, an outbox: events are written, in order, in the transaction of the change that they report.

Readers continue after a cursor, so that they miss nothing and hold nothing open while they wait. The order is
(xid, seq):

- SQLite has one writer at a time, so `seq` alone is the order in which events become visible; xid is 0.
- PostgreSQL assigns `seq` before the commit, and a transaction that began early may commit late: a reader past its
  events would never see them. Therefore events carry the id of their transaction, and only events of transactions older
  than any still running (`pg_snapshot_xmin`) are read. Below that limit nothing can appear later.
- CockroachDB: xid is the transaction's commit timestamp. Its serializable isolation admits no later commit below a
  timestamp that was read.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from peewee import BigAutoField, BigIntegerField, TextField

from groundswell_storage import errors
from groundswell_storage.engines.tracked_database import thread
from groundswell_storage.fields import InstantField, JsonField, from_micros, to_json, to_micros
from groundswell_storage.table import SystemTable, Table

if TYPE_CHECKING:
    from groundswell_storage.database import Database

Position = tuple[int, int]
"""(xid, seq) of an event: all later ones compare greater."""

START: Position = (0, 0)


class EventRow(Table):
    """An event of the log: a change of one subject, published to consumers."""

    seq = BigAutoField()
    xid = BigIntegerField()
    topic = TextField()
    subject_id = TextField()
    payload = JsonField()
    create_time = InstantField()

    class Meta:
        indexes = ((("xid", "seq"), False), (("workspace", "xid", "seq"), False))


class EventHorizonRow(SystemTable):
    """One row: the position up to which the log was purged. Older cursors are refused."""

    id = BigIntegerField(primary_key=True)
    xid = BigIntegerField()
    seq = BigIntegerField()


@dataclass(frozen=True, slots=True)
class Event:
    """An event as readers get it."""

    position: Position
    workspace: str
    topic: str
    subject_id: str
    payload: Any
    """A JSON object."""
    time: datetime

    @property
    def cursor(self) -> str:
        """The cursor that continues after this event."""
        return encode_cursor(self.position)


_XID = {
    "sqlite": "0",
    "postgresql": "pg_current_xact_id()::text::bigint",
    "cockroachdb": "cluster_logical_timestamp()::bigint",
}
_VISIBLE = {
    "sqlite": "",
    "postgresql": " AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
    "cockroachdb": "",
}
_COLUMNS = "xid, seq, workspace, topic, subject_id, payload, create_time"


def publish(
    database: Database, workspace: str, topic: str, subject_id: str, payload: Mapping[str, Any], time: datetime
) -> None:
    """Writes one event; callers use `Scope.publish`."""
    database.execute(
        "INSERT INTO event (xid, workspace, topic, subject_id, payload, create_time) "
        f"VALUES ({_XID[database.dialect]}, ?, ?, ?, ?, ?)",
        (workspace, topic, subject_id, to_json(payload), to_micros(time)),
    )
    thread.published += 1


def encode_cursor(position: Position) -> str:
    """Returns the opaque text of a position."""
    return base64.urlsafe_b64encode(f"{position[0]}.{position[1]}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> Position:
    """Returns the position of a cursor; empty means the beginning. Raises InvalidArgument (`CURSOR_INVALID`)."""
    if not cursor:
        return START
    try:
        xid, _, seq = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(".")
        position = (int(xid), int(seq))
        if not all(0 <= part < 1 << 63 for part in position):
            raise ValueError
    except ValueError:
        raise errors.InvalidArgument.of("cursor", "was not issued by this service", reason="CURSOR_INVALID") from None
    return position


def latest_position(database: Database) -> Position:
    """Returns the end of the log: reading after it gives only what becomes visible later."""
    row = database.execute(
        f"SELECT xid, seq FROM event WHERE 1 = 1{_VISIBLE[database.dialect]} ORDER BY xid DESC, seq DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return horizon(database)
    return (row[0], row[1])


def read_after(
    database: Database,
    position: Position,
    *,
    workspace: str | None = None,
    topics: Sequence[str] = (),
    limit: int = 256,
) -> list[Event]:
    """Returns at most `limit` events after a position, in order: of all workspaces and topics, or of those given."""
    where = "(xid, seq) > (?, ?)"
    parameters: list[object] = [*position]
    if workspace is not None:
        where += " AND workspace = ?"
        parameters.append(workspace)
    if topics:
        where += f" AND topic IN ({', '.join('?' * len(topics))})"
        parameters += topics
    rows = database.execute(
        f"SELECT {_COLUMNS} FROM event WHERE {where}{_VISIBLE[database.dialect]} ORDER BY xid, seq LIMIT ?",
        (*parameters, limit),
    ).fetchall()
    return [
        Event(
            (xid, seq),
            owner,
            topic,
            subject_id,
            json.loads(payload) if isinstance(payload, str) else payload,
            from_micros(created),
        )
        for xid, seq, owner, topic, subject_id, payload, created in rows
    ]


def has_hidden(database: Database) -> bool:
    """Returns true when committed events wait for an older transaction to end before they may be read (PostgreSQL)."""
    if database.dialect != "postgresql":
        return False
    sql = "SELECT EXISTS (SELECT 1 FROM event WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"
    hidden: bool = database.execute(sql).fetchone()[0]
    return hidden


def horizon(database: Database) -> Position:
    """Returns the position up to which the log was purged."""
    row = database.execute("SELECT xid, seq FROM event_horizon WHERE id = 1").fetchone()
    return START if row is None else (row[0], row[1])


def check_cursor(database: Database, position: Position) -> None:
    """Raises FailedPrecondition (`CURSOR_EXPIRED`) when events after this position have been purged."""
    if position != START and position < horizon(database):
        raise errors.FailedPrecondition(
            "events after this cursor have been deleted: read the current state, then follow without a cursor",
            reason="CURSOR_EXPIRED",
        )


def purge(database: Database, keep: timedelta, now: datetime) -> int:
    """Deletes events older than `keep` and returns their number; called in a transaction.

    The newest event always stays, because SQLite reuses the number of a deleted row that had the highest.
    """
    last = database.execute(
        f"SELECT xid, seq FROM event WHERE create_time < ?{_VISIBLE[database.dialect]} "
        "AND seq < (SELECT max(seq) FROM event) ORDER BY xid DESC, seq DESC LIMIT 1",
        (to_micros(now - keep),),
    ).fetchone()
    if last is None:
        return 0
    position: Position = (last[0], last[1])
    database.execute("DELETE FROM event_horizon")
    database.execute("INSERT INTO event_horizon (id, xid, seq) VALUES (1, ?, ?)", position)
    removed: int = database.execute("DELETE FROM event WHERE (xid, seq) <= (?, ?)", position).rowcount
    return removed
