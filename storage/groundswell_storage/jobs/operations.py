"""Long-running work: the table that is the truth about it, whatever wakes the workers.

    PENDING --claim--> RUNNING --succeed/fail/cancelled--> SUCCEEDED | FAILED | CANCELLED
       ^                  |
       '--reap, release, postpone---'   (FAILED when the attempts are used up)

Every change is an event, in the same transaction. What workers do with operations stands in `leases.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from peewee import BooleanField, DoubleField, IntegerField, TextField

from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.events import events
from groundswell_storage.events.topics import OPERATION_CHANGED
from groundswell_storage.fields import MICROSECOND, BytesField, InstantField, JsonField, from_micros
from groundswell_storage.pages import Page, read_page
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table, row_reader

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
    lease_expire_time = InstantField(null=True)
    create_time = InstantField()
    start_time = InstantField(null=True)
    end_time = InstantField(null=True)
    due = InstantField(null=True)

    class Meta:
        indexes = ((("workspace", "create_time", "id"), False),)


OperationRow.add_index(
    OperationRow.index(OperationRow.create_time, where=(OperationRow.state == "PENDING"), name="operation_waiting")
)
OperationRow.add_index(
    OperationRow.index(OperationRow.lease_expire_time, where=(OperationRow.state == "RUNNING"), name="operation_leased")
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
    lease_expire_time: datetime | None
    create_time: datetime
    start_time: datetime | None
    """The first time it was claimed."""
    end_time: datetime | None
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
        create_time=scope.now,
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
        time=OperationRow.create_time,
        id=OperationRow.id,
        page_size=page_size,
        page_token=page_token,
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
        change = f"cancel_requested = TRUE, state = 'CANCELLED', end_time = {database.clock_sql}"
    else:
        change = "cancel_requested = TRUE"
    return update(database, change, "workspace = ? AND id = ?", [scope.workspace, id])[0]


def under_way(scope: Scope, kind: str) -> list[Operation]:
    """The workspace's operations of a kind that have not ended, oldest first."""
    query = scope.select(OperationRow).where((OperationRow.kind == kind) & OperationRow.state.not_in(sorted(ENDED)))
    return [_operation(row) for row in query.order_by(OperationRow.create_time, OperationRow.id)]


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
    counted = "SELECT kind, count(*), min(create_time) FROM operation WHERE state = '{}' GROUP BY kind ORDER BY kind"
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
    old = f"COALESCE(due, create_time) < {from_now(database, -longest_wait)}"
    lapsed = f"state = 'RUNNING' AND lease_expire_time < {from_now(database, -longest_wait)}"
    counted = "SELECT count(*) FROM operation WHERE {}"
    conditions = (f"{waiting(database)} AND {old}", lapsed)
    return Stalled(*(database.execute(counted.format(condition)).fetchone()[0] for condition in conditions))


_COLUMNS = ", ".join(field.column_name for field in OperationRow._meta.sorted_fields)
_read = row_reader(OperationRow)


def waiting(database: Database) -> str:
    """The condition of operations that can be claimed."""
    return f"state = 'PENDING' AND (due IS NULL OR due <= {database.clock_sql})"


def from_now(database: Database, span: timedelta) -> str:
    """A time so far from now, by the database's clock."""
    return f"{database.clock_sql} + {span // MICROSECOND}"


def update(
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


def _operation(row: OperationRow) -> Operation:
    return Operation(**row.__data__)
