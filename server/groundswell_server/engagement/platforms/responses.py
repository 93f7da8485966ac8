"""Requests and responses of platform APIs, independent of the HTTP client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a platform's API."""

    method: str
    url: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default="", repr=False)
    """Sent as a Bearer token; empty where the platform takes it as a parameter."""
    secret_parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = None
    """Sent as JSON."""


@dataclass(frozen=True, slots=True)
class Response:
    """The response of a platform."""

    status: int
    headers: Mapping[str, str]
    """Header names are case-insensitive."""
    body: Any
    """The parsed JSON; None when the body is not JSON."""
    time: datetime
    """Time of arrival."""

    def part(self, *path: str) -> Any:
        """Returns the value at a path of keys in the body; None when it is missing."""
        found = self.body
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def retry_after(self) -> timedelta | None:
        """Returns the wait of the header Retry-After, in seconds or as a date; None without a valid one."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return timedelta(seconds=min(int(value), 10**8))
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(timedelta(), (at if at.tzinfo else at.replace(tzinfo=UTC)) - self.time)


def count(value: Any) -> int | None:
    """Returns a count as a platform writes it; None for anything but an integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def sum_known(*counts: int | None) -> int | None:
    """Returns the sum of the known counts; None when all are unknown."""
    known = [each for each in counts if each is not None]
    return sum(known) if known else None
