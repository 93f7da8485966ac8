"""Leases: workers claim operations, hold them by a lease, and end them.

A lease is a token that every change by the worker has to present (a fence), with a time, by the database's clock, until
which it has to be renewed. A worker that lost its lease gets an error at its next step, and its later changes have no
effect.

Workers serve all workspaces: these functions take a database, and are called in a transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.fields import to_json
from groundswell_storage.jobs.operations import Operation, from_now, update, waiting

_HELD = "id = ? AND state = 'RUNNING' AND lease_token = ?"
_UNHELD = "lease_token = '', lease_expire_time = NULL"
_FREE = f"{_UNHELD}, message = ''"
"""Columns of an operation that no worker holds."""


def is_waiting(database: Database, kinds: Sequence[str]) -> bool:
    """Returns true when there is an operation of these kinds to claim; a read, whereas `claim` needs a transaction."""
    if not kinds:
        return False
    found = database.execute(
        f"SELECT 1 FROM operation WHERE {waiting(database)} AND kind IN ({', '.join('?' * len(kinds))}) LIMIT 1", kinds
    ).fetchone()
    return found is not None


def claim(database: Database, lease: timedelta, *, kinds: Sequence[str] = ()) -> Operation | None:
    """Claims the operation of these kinds (or any) that has waited longest, for the time `lease`; None without one.

    One statement; workers that claim at the same time get different operations and do not wait for each other.
    """
    wanted = f" AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    lock = "" if database.dialect == "sqlite" else " FOR UPDATE SKIP LOCKED"
    claimed = update(
        database,
        f"state = 'RUNNING', attempt = attempt + 1, lease_token = ?, lease_expire_time = {from_now(database, lease)}, "
        f"start_time = COALESCE(start_time, {database.clock_sql})",
        f"id = (SELECT id FROM operation WHERE {waiting(database)}{wanted} ORDER BY create_time LIMIT 1{lock})",
        [secrets.token_hex(8), *kinds],
    )
    return claimed[0] if claimed else None


def renew(database: Database, id: str, lease_token: str, lease: timedelta) -> bool:
    """Holds the operation for `lease` from now; returns true when its cancellation was requested.

    Raises Aborted (`LEASE_LOST`).
    """
    held = update(database, f"lease_expire_time = {from_now(database, lease)}", _HELD, [id, lease_token], quiet=True)
    return _the_one(held).cancel_requested


def progress(database: Database, id: str, lease_token: str, progress_pct: float, message: str = "") -> bool:
    """Stores the progress; returns true when the cancellation was requested. Raises Aborted (`LEASE_LOST`)."""
    bounded = round(min(max(progress_pct, 0.0), 100.0), 1)
    held = update(database, "progress_pct = ?, message = ?", _HELD, [bounded, message, id, lease_token])
    return _the_one(held).cancel_requested


def succeed(database: Database, id: str, lease_token: str, response: bytes, response_type: str) -> Operation:
    """Ends the operation with its response. Raises Aborted (`LEASE_LOST`)."""
    change = f"state = 'SUCCEEDED', progress_pct = 100, response = ?, response_type = ?, {_ends(database)}"
    return _the_one(update(database, change, _HELD, [response, response_type, id, lease_token]))


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
    """Ends the operation with an error; with `retry`, and attempts left, it waits for another attempt instead.

    Raises Aborted (`LEASE_LOST`).
    """
    error = "error_code = ?, error_reason = ?, error_message = ?, error_metadata = ?"
    again = "TRUE" if retry else "FALSE"
    change = (
        f"{error}, state = CASE WHEN {again} AND attempt < max_attempts THEN 'PENDING' ELSE 'FAILED' END, "
        f"end_time = CASE WHEN {again} AND attempt < max_attempts THEN NULL ELSE {database.clock_sql} END, {_FREE}"
    )
    return _the_one(
        update(database, change, _HELD, [code, reason, message, to_json(dict(metadata or {})), id, lease_token])
    )


def cancelled(database: Database, id: str, lease_token: str) -> Operation:
    """Ends the operation as cancelled. Raises Aborted (`LEASE_LOST`)."""
    return _the_one(update(database, f"state = 'CANCELLED', {_ends(database)}", _HELD, [id, lease_token]))


def release(database: Database, id: str, lease_token: str) -> Operation:
    """Releases the operation, for a worker that shuts down; the attempt does not count.

    Raises Aborted (`LEASE_LOST`).
    """
    change = f"state = 'PENDING', attempt = attempt - 1, {_FREE}"
    return _the_one(update(database, change, _HELD, [id, lease_token]))


def postpone(database: Database, id: str, lease_token: str, wait: timedelta, message: str) -> Operation:
    """Releases the operation until `wait` has passed and its job can continue; the attempt does not count.

    Raises Aborted (`LEASE_LOST`).
    """
    change = f"state = 'PENDING', attempt = attempt - 1, due = {from_now(database, wait)}, message = ?, {_UNHELD}"
    return _the_one(update(database, change, _HELD, [message, id, lease_token]))


def reap(database: Database) -> list[Operation]:
    """Takes operations from workers whose lease has lapsed, and returns them as they are now.

    They wait again, or are FAILED (`ATTEMPTS_EXHAUSTED`) after the last attempt, or CANCELLED when that was requested.
    Safe to run at any time on any number of servers.
    """
    lapsed = f"state = 'RUNNING' AND lease_expire_time <= {database.clock_sql}"
    end = f"end_time = {database.clock_sql}, {_FREE}"
    stopped = update(database, f"state = 'CANCELLED', {end}", f"{lapsed} AND cancel_requested", [])
    failed = update(
        database,
        "state = 'FAILED', error_code = 'ABORTED', error_reason = 'ATTEMPTS_EXHAUSTED', "
        f"error_message = 'the worker disappeared at the last attempt', {end}",
        f"{lapsed} AND attempt >= max_attempts",
        [],
    )
    return stopped + failed + update(database, f"state = 'PENDING', {_FREE}", lapsed, [])


def _ends(database: Database) -> str:
    return f"end_time = {database.clock_sql}, {_FREE}"


def _the_one(changed: list[Operation]) -> Operation:
    if not changed:
        raise errors.Aborted(
            "this worker no longer holds the operation: its lease lapsed, or the operation has ended",
            reason="LEASE_LOST",
        )
    return changed[0]
