"""The record of a `request_id`: the same call made twice has one effect and one answer.

`find` runs before the effect and `remember` after it, in the same transaction; otherwise the promise is empty. Two
calls with the same id at the same moment both find nothing. The unique key stops the second call at `remember`, and the
executor, which recognizes that violation, runs it again alone: it then finds the answer of the first.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import CompositeKey, TextField

from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.fields import BytesField, InstantField, to_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table

KEPT = timedelta(hours=24)
"""Time for which an answer is kept. After that, the same id is a new call."""


class IdempotencyRecordRow(Table):
    """The answer that was given to a request id."""

    request_id = TextField()
    method = TextField()
    digest = BytesField()
    response = BytesField()
    create_time = InstantField()

    class Meta:
        primary_key = CompositeKey("workspace", "request_id")
        indexes = ((("create_time",), False),)


def find(scope: Scope, request_id: str, method: str, digest: bytes) -> bytes | None:
    """Returns the answer given to this call before, or None.

    Raises InvalidArgument (`REQUEST_ID_REUSED`) when the id came with another request or another method.
    """
    found = scope.execute(
        "SELECT method, digest, response, create_time FROM idempotency_record WHERE workspace = ? AND request_id = ?",
        (scope.workspace, request_id),
    ).fetchone()
    if found is None:
        return None
    known_method, known_digest, response, created = found
    if created < to_micros(scope.now - KEPT):
        scope.execute(
            "DELETE FROM idempotency_record WHERE workspace = ? AND request_id = ?", (scope.workspace, request_id)
        )
        return None
    if known_method != method or bytes(known_digest) != digest:
        used = errors.FieldViolation(
            "request_id", "was used for another request within the last 24 hours: use a new one for each request"
        )
        raise errors.InvalidArgument([used], reason="REQUEST_ID_REUSED", metadata={"request_id": request_id})
    return bytes(response)


def remember(scope: Scope, request_id: str, method: str, digest: bytes, response: bytes) -> None:
    """Records the answer of a call, in the transaction of its effect."""
    scope.execute(
        "INSERT INTO idempotency_record (workspace, request_id, method, digest, response, create_time) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (scope.workspace, request_id, method, digest, response, to_micros(scope.now)),
    )


def purge(database: Database, now: datetime) -> int:
    """Deletes the outdated records of all workspaces and returns their number; called in a transaction."""
    removed: int = database.execute(
        "DELETE FROM idempotency_record WHERE create_time < ?", (to_micros(now - KEPT),)
    ).rowcount
    return removed
