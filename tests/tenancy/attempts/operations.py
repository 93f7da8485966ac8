"""Attempts to reach another workspace by the calls of google.longrunning.Operations."""

from __future__ import annotations

from tests.tenancy.attempts.attempt import NOTHING, OPERATION, Attempt

ATTEMPTS: dict[str, list[Attempt]] = {
    "ListOperations": [(NOTHING, lambda theirs: {"name": "operations"})],
    "GetOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
    "DeleteOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
    "CancelOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
    "WaitOperation": [(OPERATION, lambda theirs: {"name": theirs.operation})],
}
