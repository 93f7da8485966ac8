"""What goes wrong with a platform, as far as it makes a difference to what is done about it."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from groundswell_storage.engagement.enums import SyncOutcome


class PlatformFailure(Exception):
    """The base; the message is the platform's own, and never holds a token."""

    outcome: ClassVar[SyncOutcome] = SyncOutcome.REFUSED
    """What came of a post that failed so."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TokenRefused(PlatformFailure):
    """The token is invalid, expired or revoked: no call with it can succeed."""

    outcome = SyncOutcome.TOKEN_REFUSED


class NotPermitted(PlatformFailure):
    """The token may not read this."""

    outcome = SyncOutcome.NOT_PERMITTED


class Gone(PlatformFailure):
    """The post is not there, or no more."""

    outcome = SyncOutcome.GONE


class NothingReported(PlatformFailure):
    """The post is there, but no count of it is known; unknown is not zero."""

    outcome = SyncOutcome.UNKNOWN


class Refused(PlatformFailure):
    """The request cannot be served, whenever it is made."""


class Unavailable(PlatformFailure):
    """It failed this time, and may well succeed in a moment."""

    outcome = SyncOutcome.UNAVAILABLE

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        """`retry_after` is what the platform asks for, if it does."""
        super().__init__(message)
        self.retry_after = retry_after


class Throttled(PlatformFailure):
    """More calls than the platform allows. It says nothing about the post: ask again later."""

    outcome = SyncOutcome.UNAVAILABLE

    def __init__(self, message: str, regain: timedelta | None = None) -> None:
        """`regain` is the time until calls are allowed again, None where the platform does not say."""
        super().__init__(message)
        self.regain = regain
