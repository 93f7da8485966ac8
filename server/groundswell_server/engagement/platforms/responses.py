"""Requests and answers as adapters see them, whatever carries them over the wire."""

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
    """Sent as a Bearer token; empty where the platform wants it among the parameters."""
    secret_parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: Mapping[str, Any] | None = None
    """Sent as JSON."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a platform answered."""

    status: int
    headers: Mapping[str, str]
    """Names without regard to case."""
    body: Any
    """The JSON; None when it was none."""
    time: datetime
    """When it came."""

    def part(self, *path: str) -> Any:
        """What stands at a path of keys in the body; None where there is nothing."""
        found = self.body
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def retry_after(self) -> timedelta | None:
        """What the header Retry-After asks for, in seconds or as a date; None without one that can be read."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return timedelta(seconds=min(int(value), 10**8))
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(timedelta(), (at if at.tzinfo else at.replace(tzinfo=UTC)) - self.time)


def count(value: Any) -> int | None:
    """A count as a platform writes it; None for what is no whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def sum_known(*counts: int | None) -> int | None:
    """The sum of those that are known; None when none is."""
    known = [each for each in counts if each is not None]
    return sum(known) if known else None
