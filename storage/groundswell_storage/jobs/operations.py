"""Operations: the table of long-running work, the only source of truth about it.

    PENDING --claim--> RUNNING --succeed/fail/cancelled--> SUCCEEDED | FAILED | CANCELLED
       ^                  |
       '--reap, release, postpone---'   (FAILED when the attempts are used up)

Every change publishes an event, in the same transaction. `leases.py` has the changes that workers make.
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
    """A piece of long-running work in its current state."""

    id: str
    workspace: str
    kind: str
    """The kind of work, such as `learning.train_model`."""
    state: State
    request: bytes
    """The serialized request; the kind determines its message."""
    actor: str
    progress_pct: float
    """0 to 100, to one decimal."""
    message: str
    """A text for people about the current step; empty unless running."""
    response: bytes | None
    """The serialized response of a successful operation."""
    response_type: str
    """The type URL of the response."""
    error_code: str
    error_reason: str
    error_message: str
    error_metadata: dict[str, str]
    """Values that a program needs to react to the error, such as the number of samples."""
    cancel_requested: bool
    attempt: int
    """Number of times it was claimed; 1 during the first run."""
    max_attempts: int
    lease_token: str
    """Presented by the worker that holds it; empty unless running."""
    lease_expire_time: datetime | None
    create_time: datetime
    start_time: datetime | None
    """Time of the first claim."""
    end_time: datetime | None
    due: datetime | None
    """Time at which a postponed operation continues, by the database's clock; None for the others."""

    @property
    def is_done(self) -> bool:
        """True when nothing can change any more."""
        return self.state in ENDED


def create(scope: Scope, kind: str, request: bytes, *, max_attempts: int = 3, id: str = "") -> Operation:
    """Creates an operation; a worker claims it after this transaction commits."""
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
    _publish_change(scope.database, operation, scope.now)
    return operation


def get(scope: Scope, id: str) -> Operation:
    """Returns an operation; raises NotFound."""
    return _operation(scope.get(OperationRow, id))


def list_operations(
    scope: Scope, *, kind: str = "", states: Collection[str] = (), page_size: int = 0, page_token: str = ""
) -> Page[Operation]:
    """Returns one page of the workspace's operations, newest first, of one kind or in some states if given."""
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
    """Deletes an operation that has ended; raises NotFound, and FailedPrecondition (`OPERATION_RUNNING`)."""
    row = scope.get(OperationRow, id, lock=True)
    if row.state not in ENDED:
        raise errors.FailedPrecondition("the operation has not ended: cancel it first", reason="OPERATION_RUNNING")
    scope.delete(OperationRow).where(OperationRow.id == id).execute()


def request_cancel(scope: Scope, id: str) -> Operation:
    """Requests the cancellation of an operation. Raises NotFound.

    A waiting operation ends at once, a running one at the worker's next step; a finished one does not change.
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
    """Returns the workspace's operations of a kind that have not ended, oldest first."""
    query = scope.select(OperationRow).where((OperationRow.kind == kind) & OperationRow.state.not_in(sorted(ENDED)))
    return [_operation(row) for row in query.order_by(OperationRow.create_time, OperationRow.id)]


class Unfinished(NamedTuple):
    """Operations of one kind that wait or run."""

    kind: str
    state: str
    number: int
    oldest: datetime
    """Creation time of the oldest."""


def count_unfinished(database: Database) -> list[Unfinished]:
    """Returns the numbers of operations of all workspaces that wait (PENDING) and run (RUNNING), by kind."""
    # One statement for each state: each has its own index, which holds no finished operation.
    counted = "SELECT kind, count(*), min(create_time) FROM operation WHERE state = '{}' GROUP BY kind ORDER BY kind"
    return [
        Unfinished(kind, state, count, from_micros(oldest))
        for state in ("PENDING", "RUNNING")
        for kind, count, oldest in database.execute(counted.format(state)).fetchall()
    ]


class Stalled(NamedTuple):
    """Operations that proceed too slowly, probably because workers are missing."""

    waiting: int
    """Operations that can be claimed and have waited longer than they should."""
    lapsed: int
    """Operations whose worker has disappeared, and that were not reaped yet."""


def count_stalled(database: Database, longest_wait: timedelta) -> Stalled:
    """Returns the numbers of stalled operations of all workspaces."""
    old = f"COALESCE(due, create_time) < {from_now(database, -longest_wait)}"
    lapsed = f"state = 'RUNNING' AND lease_expire_time < {from_now(database, -longest_wait)}"
    counted = "SELECT count(*) FROM operation WHERE {}"
    conditions = (f"{waiting(database)} AND {old}", lapsed)
    return Stalled(*(database.execute(counted.format(condition)).fetchone()[0] for condition in conditions))


_COLUMNS = ", ".join(field.column_name for field in OperationRow._meta.sorted_fields)
_read = row_reader(OperationRow)


def waiting(database: Database) -> str:
    """Returns the SQL condition of operations that can be claimed."""
    return f"state = 'PENDING' AND (due IS NULL OR due <= {database.clock_sql})"


def from_now(database: Database, span: timedelta) -> str:
    """Returns the SQL of a time relative to now, by the database's clock."""
    return f"{database.clock_sql} + {span // MICROSECOND}"


def update(
    database: Database, assignments: str, condition: str, parameters: list[Any], *, quiet: bool = False
) -> list[Operation]:
    """Changes the operations that meet the condition, publishes their events, and returns their new state."""
    rows = database.execute(
        f"UPDATE operation SET {assignments} WHERE {condition} RETURNING {database.clock_sql}, {_COLUMNS}", parameters
    ).fetchall()
    changed = [(from_micros(row[0]), _operation(_read(row[1:]))) for row in rows]
    if not quiet:
        for time, operation in changed:
            _publish_change(database, operation, time)
    return [operation for _, operation in changed]


def _publish_change(database: Database, operation: Operation, time: datetime) -> None:
    payload = {"state": operation.state, "progress_pct": operation.progress_pct, "kind": operation.kind}
    events.publish(database, operation.workspace, OPERATION_CHANGED, operation.id, payload, time)


def _operation(row: OperationRow) -> Operation:
    return Operation(**row.__data__)
