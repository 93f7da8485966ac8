"""Long-running work: the table that is the truth about it, whatever wakes the workers.

    PENDING --claim--> RUNNING --succeed/fail/cancelled--> SUCCEEDED | FAILED | CANCELLED
       ^                  |
       '--reap, release, postpone---'   (FAILED when the attempts are used up)

A worker holds a running operation by a lease: a token that every change it makes has to show (a fence), and a time by
the database's clock until which it has to be renewed. A worker that lost its lease is told so at its next step, and
nothing it does after that counts. Every change is an event, `operation.changed`, in the same transaction.

The functions that take a scope are for those who ask for work and watch it; those that take a database are for
workers, who serve all workspaces, and are called in a transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from peewee import BooleanField, DoubleField, IntegerField, TextField

from groundswell_storage import errors, events
from groundswell_storage.database import Database
from groundswell_storage.fields import MICROSECOND, BytesField, InstantField, JsonField, from_micros, to_json
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table, row_reader
from groundswell_storage.topics import OPERATION_CHANGED

State = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
ENDED: frozenset[str] = frozenset(("SUCCEEDED", "FAILED", "CANCELLED"))


class OperationRow(Table):
    """An operation, its lease and its outcome."""

    id = TextField(primary_key=True)
    kind = TextField()
    state = TextField(default="PENDING")
    request = BytesField()
    actor = TextField()
    progress_pct = DoubleField(default=0.0)
    message = TextField(default="")
    response = BytesField(null=True)
    response_type = TextField(default="")
    error_code = TextField(default="")
    error_reason = TextField(default="")
    error_message = TextField(default="")
    error_metadata = JsonField(default=dict)
    cancel_requested = BooleanField(default=False)
    attempt = IntegerField(default=0)
    max_attempts = IntegerField(default=3)
    lease_token = TextField(default="")
    lease_expires = InstantField(null=True)
    created = InstantField()
    started = InstantField(null=True)
    ended = InstantField(null=True)
    due = InstantField(null=True)

    class Meta:
        indexes = ((("workspace", "created", "id"), False),)


OperationRow.add_index(
    OperationRow.index(OperationRow.created, where=(OperationRow.state == "PENDING"), name="operation_waiting")
)
OperationRow.add_index(
    OperationRow.index(OperationRow.lease_expires, where=(OperationRow.state == "RUNNING"), name="operation_leased")
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One piece of long-running work as it stands."""

    id: str
    workspace: str
    kind: str
    """What to do, such as `learning.train_model`."""
    state: State
    request: bytes
    """The serialized request; the kind says of which message."""
    actor: str
    progress_pct: float
    """0 to 100, to one decimal."""
    message: str
    """What is being done now, for people; empty unless running."""
    response: bytes | None
    """The serialized response of one that succeeded."""
    response_type: str
    """The type URL of the response."""
    error_code: str
    error_reason: str
    error_message: str
    error_metadata: dict[str, str]
    """What a program needs to react to the error, such as how many samples there were."""
    cancel_requested: bool
    attempt: int
    """How many times it was claimed; 1 during the first run."""
    max_attempts: int
    lease_token: str
    """Shown by the worker that holds it; empty unless running."""
    lease_expires: datetime | None
    created: datetime
    started: datetime | None
    """The first time it was claimed."""
    ended: datetime | None
    due: datetime | None
    """When one that was postponed goes on, by the database's clock; None for the others."""

    @property
    def is_done(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ENDED


def create(scope: Scope, kind: str, request: bytes, *, max_attempts: int = 3, id: str = "") -> Operation:
    """Asks for work; a worker claims it after this transaction commits."""
    row = scope.insert(
        OperationRow,
        id=id or scope.new_id(),
        kind=kind,
        request=request,
        actor=scope.actor,
        max_attempts=max_attempts,
        created=scope.now,
    )
    operation = _operation(row)
    _tell(scope.database, operation, scope.now)
    return operation


def get(scope: Scope, id: str) -> Operation:
    """One operation; raises NotFound."""
    return _operation(scope.get(OperationRow, id))


def list_operations(
    scope: Scope, *, kind: str = "", states: Collection[str] = (), page_size: int = 0, page_token: str = ""
) -> Page[Operation]:
    """The workspace's operations, newest first, of one kind or in some states if given."""
    query = scope.select(OperationRow)
    if kind:
        query = query.where(OperationRow.kind == kind)
    if states:
        query = query.where(OperationRow.state.in_(sorted(states)))
    return read_page(
        query,
        time=OperationRow.created,
        id=OperationRow.id,
        page_size=page_size,
        page_token=page_token,
        bound_to=["operations", scope.workspace, kind, sorted(states)],
    ).map(_operation)


def delete(scope: Scope, id: str) -> None:
    """Forgets an operation that has ended; raises NotFound, and FailedPrecondition (`OPERATION_RUNNING`)."""
    row = scope.get(OperationRow, id, lock=True)
    if row.state not in ENDED:
        raise errors.FailedPrecondition("the operation has not ended: cancel it first", reason="OPERATION_RUNNING")
    scope.delete(OperationRow).where(OperationRow.id == id).execute()


def request_cancel(scope: Scope, id: str) -> Operation:
    """Asks for an end. Raises NotFound.

    One that waits ends at once, one that runs at the worker's next step; on one that has ended it has no effect.
    """
    row = scope.get(OperationRow, id, lock=True)
    if row.state in ENDED or row.cancel_requested:
        return _operation(row)
    database = scope.database
    if row.state == "PENDING":
        change = f"cancel_requested = TRUE, state = 'CANCELLED', ended = {database.clock_sql}"
    else:
        change = "cancel_requested = TRUE"
    return _change(database, change, "workspace = ? AND id = ?", [scope.workspace, id])[0]


def is_waiting(database: Database, kinds: Sequence[str]) -> bool:
    """Whether there is something to claim, of these kinds: a read, where `claim` needs a transaction."""
    if not kinds:
        return False
    found = database.execute(
        f"SELECT 1 FROM operation WHERE {_waiting(database)} AND kind IN ({', '.join('?' * len(kinds))}) LIMIT 1", kinds
    ).fetchone()
    return found is not None


def claim(database: Database, lease: timedelta, *, kinds: Sequence[str] = ()) -> Operation | None:
    """Takes the operation that has waited longest, of these kinds or any, and holds it for `lease`; or None.

    One statement; workers that claim at the same time get different operations and do not wait for each other.
    """
    wanted = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    lock = "" if database.dialect == "sqlite" else " FOR UPDATE SKIP LOCKED"
    claimed = _change(
        database,
        f"state = 'RUNNING', attempt = attempt + 1, lease_token = ?, lease_expires = {_after(database, lease)}, "
        f"started = COALESCE(started, {database.clock_sql})",
        f"id = (SELECT id FROM operation WHERE {_waiting(database)}{wanted} ORDER BY created LIMIT 1{lock})",
        [secrets.token_hex(8), *kinds],
    )
    return claimed[0] if claimed else None


def renew(database: Database, id: str, lease_token: str, lease: timedelta) -> bool:
    """Holds the operation for `lease` from now; returns whether its end was asked for.

    Raises Aborted (`LEASE_LOST`).
    """
    held = _change(database, f"lease_expires = {_after(database, lease)}", _HELD, [id, lease_token], quiet=True)
    return _the_one(held).cancel_requested


def progress(database: Database, id: str, lease_token: str, progress_pct: float, message: str = "") -> bool:
    """Says how far the work is; returns whether its end was asked for. Raises Aborted (`LEASE_LOST`)."""
    bounded = round(min(max(progress_pct, 0.0), 100.0), 1)
    held = _change(database, "progress_pct = ?, message = ?", _HELD, [bounded, message, id, lease_token])
    return _the_one(held).cancel_requested


def succeed(database: Database, id: str, lease_token: str, response: bytes, response_type: str) -> Operation:
    """Ends the operation with its response. Raises Aborted (`LEASE_LOST`)."""
    change = f"state = 'SUCCEEDED', progress_pct = 100, response = ?, response_type = ?, {_ends(database)}"
    return _the_one(_change(database, change, _HELD, [response, response_type, id, lease_token]))


def fail(
    database: Database,
    id: str,
    lease_token: str,
    *,
    code: str,
    reason: str,
    message: str,
    metadata: Mapping[str, str] | None = None,
    retry: bool = False,
) -> Operation:
    """Ends the operation with an error; with `retry`, and attempts left, it waits for another one instead.

    Raises Aborted (`LEASE_LOST`).
    """
    error = "error_code = ?, error_reason = ?, error_message = ?, error_metadata = ?"
    again = "TRUE" if retry else "FALSE"
    change = (
        f"{error}, state = CASE WHEN {again} AND attempt < max_attempts THEN 'PENDING' ELSE 'FAILED' END, "
        f"ended = CASE WHEN {again} AND attempt < max_attempts THEN NULL ELSE {database.clock_sql} END, {_FREE}"
    )
    return _the_one(
        _change(database, change, _HELD, [code, reason, message, to_json(dict(metadata or {})), id, lease_token])
    )


def cancelled(database: Database, id: str, lease_token: str) -> Operation:
    """Ends the operation as it was asked for. Raises Aborted (`LEASE_LOST`)."""
    return _the_one(_change(database, f"state = 'CANCELLED', {_ends(database)}", _HELD, [id, lease_token]))


def release(database: Database, id: str, lease_token: str) -> Operation:
    """Gives the operation back, as a worker does that shuts down; the attempt does not count.

    Raises Aborted (`LEASE_LOST`).
    """
    change = f"state = 'PENDING', attempt = attempt - 1, {_FREE}"
    return _the_one(_change(database, change, _HELD, [id, lease_token]))


def postpone(database: Database, id: str, lease_token: str, wait: timedelta, message: str) -> Operation:
    """Gives the operation back until `wait` has passed, when its job can go on; the attempt does not count.

    Raises Aborted (`LEASE_LOST`).
    """
    change = f"state = 'PENDING', attempt = attempt - 1, due = {_after(database, wait)}, message = ?, {_UNHELD}"
    return _the_one(_change(database, change, _HELD, [message, id, lease_token]))


def under_way(scope: Scope, kind: str) -> list[Operation]:
    """The workspace's operations of a kind that have not ended, oldest first."""
    query = scope.select(OperationRow).where((OperationRow.kind == kind) & OperationRow.state.not_in(sorted(ENDED)))
    return [_operation(row) for row in query.order_by(OperationRow.created, OperationRow.id)]


def reap(database: Database) -> list[Operation]:
    """Takes operations from workers whose lease has lapsed, and returns them as they are now.

    They wait again, or have FAILED (`ATTEMPTS_EXHAUSTED`) when the last attempt is used up, or are CANCELLED when that
    was asked for. Safe to run at any time on any number of servers.
    """
    lapsed = f"state = 'RUNNING' AND lease_expires <= {database.clock_sql}"
    ended = f"ended = {database.clock_sql}, {_FREE}"
    stopped = _change(database, f"state = 'CANCELLED', {ended}", f"{lapsed} AND cancel_requested", [])
    failed = _change(
        database,
        "state = 'FAILED', error_code = 'ABORTED', error_reason = 'ATTEMPTS_EXHAUSTED', "
        f"error_message = 'the worker disappeared at the last attempt', {ended}",
        f"{lapsed} AND attempt >= max_attempts",
        [],
    )
    return stopped + failed + _change(database, f"state = 'PENDING', {_FREE}", lapsed, [])


class Unfinished(NamedTuple):
    """Operations of one kind that wait or run."""

    kind: str
    state: str
    number: int
    oldest: datetime
    """When the first of them was asked for."""


def count_unfinished(database: Database) -> list[Unfinished]:
    """How many operations of all workspaces wait (PENDING) and run (RUNNING), by kind."""
    # One statement a state: each has an index of its own, which covers none of those that are over.
    counted = "SELECT kind, count(*), min(created) FROM operation WHERE state = '{}' GROUP BY kind ORDER BY kind"
    return [
        Unfinished(kind, state, count, from_micros(oldest))
        for state in ("PENDING", "RUNNING")
        for kind, count, oldest in database.execute(counted.format(state)).fetchall()
    ]


class Stalled(NamedTuple):
    """Operations that go on too slowly, as it seems because workers are missing."""

    waiting: int
    """They could be done, and were asked for longer ago than they should have to wait."""
    lapsed: int
    """They have lost their worker, and were not taken from it yet."""


def count_stalled(database: Database, longest_wait: timedelta) -> Stalled:
    """How many operations of all workspaces stall."""
    old = f"COALESCE(due, created) < {_after(database, -longest_wait)}"
    lapsed = f"state = 'RUNNING' AND lease_expires < {_after(database, -longest_wait)}"
    counted = "SELECT count(*) FROM operation WHERE {}"
    conditions = (f"{_waiting(database)} AND {old}", lapsed)
    return Stalled(*(database.execute(counted.format(condition)).fetchone()[0] for condition in conditions))


_HELD = "id = ? AND state = 'RUNNING' AND lease_token = ?"
_UNHELD = "lease_token = '', lease_expires = NULL"
_FREE = f"{_UNHELD}, message = ''"
"""Nobody holds it, so nothing is being done."""
_COLUMNS = ", ".join(field.column_name for field in OperationRow._meta.sorted_fields)
_read = row_reader(OperationRow)


def _waiting(database: Database) -> str:
    return f"state = 'PENDING' AND (due IS NULL OR due <= {database.clock_sql})"


def _ends(database: Database) -> str:
    return f"ended = {database.clock_sql}, {_FREE}"


def _after(database: Database, span: timedelta) -> str:
    return f"{database.clock_sql} + {span // MICROSECOND}"


def _change(
    database: Database, assignments: str, condition: str, parameters: list[Any], *, quiet: bool = False
) -> list[Operation]:
    """Changes the operations that meet the condition, tells of each, and returns them as they are afterwards."""
    rows = database.execute(
        f"UPDATE operation SET {assignments} WHERE {condition} RETURNING {database.clock_sql}, {_COLUMNS}", parameters
    ).fetchall()
    changed = [(from_micros(row[0]), _operation(_read(row[1:]))) for row in rows]
    if not quiet:
        for time, operation in changed:
            _tell(database, operation, time)
    return [operation for _, operation in changed]


def _tell(database: Database, operation: Operation, time: datetime) -> None:
    payload = {"state": operation.state, "progress_pct": operation.progress_pct, "kind": operation.kind}
    events.publish(database, operation.workspace, OPERATION_CHANGED, operation.id, payload, time)


def _the_one(changed: list[Operation]) -> Operation:
    if not changed:
        raise errors.Aborted(
            "the operation is no longer held by this worker: its lease lapsed, or it was ended", reason="LEASE_LOST"
        )
    return changed[0]


def _operation(row: OperationRow) -> Operation:
    return Operation(**row.__data__)
