"""Failures of platform calls, one class for each way in which they are handled."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from groundswell_storage.engagement.enums import SyncOutcome


class PlatformFailure(Exception):
    """The base class. The message is the message of the platform and never contains a token."""

    outcome: ClassVar[SyncOutcome] = SyncOutcome.REFUSED
    """Outcome of a post that failed this way."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TokenRefused(PlatformFailure):
    """The token is invalid, expired or revoked: no call with it can succeed."""

    outcome = SyncOutcome.TOKEN_REFUSED


class NotPermitted(PlatformFailure):
    """The token lacks the permission to read this."""

    outcome = SyncOutcome.NOT_PERMITTED


class Gone(PlatformFailure):
    """The post does not exist, or was deleted."""

    outcome = SyncOutcome.GONE


class NothingReported(PlatformFailure):
    """The post exists, but the platform reports no count of it; unknown is not zero."""

    outcome = SyncOutcome.UNKNOWN


class Refused(PlatformFailure):
    """The request can never be served."""


class Unavailable(PlatformFailure):
    """A transient failure: a later attempt may succeed."""

    outcome = SyncOutcome.UNAVAILABLE

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        """`retry_after` is the wait that the platform requests."""
        super().__init__(message)
        self.retry_after = retry_after


class Throttled(PlatformFailure):
    """The platform's call limit is exceeded. The post itself may be fetched later."""

    outcome = SyncOutcome.UNAVAILABLE

    def __init__(self, message: str, regain: timedelta | None = None) -> None:
        """`regain` is the time until calls are allowed again; None when the platform does not report it."""
        super().__init__(message)
        self.regain = regain
