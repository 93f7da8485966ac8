"""What a request that has to be refused is made of, and what many calls refuse alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

from tests.workspaces import Workspace

Fields = Mapping[str, Any] | Callable[[Workspace], Mapping[str, Any]]
"""What a request consists of, or how to make it of what a workspace has."""

NAN, INFINITY, HUGE = float("nan"), float("inf"), 2**63 - 1
TOMORROW = datetime.now(UTC) + timedelta(days=1)
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
NO_TIME = {"seconds": -(10**15)}
"""A timestamp that is none: long before the year 1."""
YEAR_1, YEAR_9999 = {"seconds": -62135596800}, {"seconds": 253402300799}
"""Times at the ends of the calendar, which cannot be told in all time zones."""
UNKNOWN_NUMBER = 99
"""Of an enumeration."""
NOBODY = "01890a5d-ac96-774b-bcce-b302099a8057"
"""An id that nothing has."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A request that has to be refused."""

    why: str
    fields: Fields
    """What it consists of."""
    at_fault: tuple[str, ...] = ()
    """Fields that the refusal names."""
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT
    reason: str = "VALIDATION_FAILED"


def missing(why: str, reason: str, fields: Fields) -> Bad:
    """Names something that is not there."""
    return Bad(why, fields, (), grpc.StatusCode.NOT_FOUND, reason)


def pages(**others: Any) -> list[Bad]:
    """Returns what every list refuses beyond its constraints."""
    return [Bad("token nobody gave out", {"page_token": "x", **others}, ("page_token",), reason="PAGE_TOKEN_INVALID")]


def filled(fields: Fields, workspace: Workspace) -> Mapping[str, Any]:
    """What a request consists of, with a workspace's ids in it."""
    return fields(workspace) if callable(fields) else fields
