"""All errors that the suite raises on purpose, independent of gRPC.

Storage and domain raise these; one table in the server maps each class to a status code. `reason` is the name of a
value of the contract's `ErrorReason` without its prefix, such as `POST_NOT_FOUND`; `metadata` carries what a program
needs to react, never a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of a request that cannot be accepted."""

    field: str
    """Path of the field in the request, such as `post.text`."""
    description: str
    """The fault and its cure, in one sentence."""
    reason: str = ""
    """A name of `ErrorReason` without its prefix, or empty where the description is enough."""


class GroundswellError(Exception):
    """The base of all typed errors; never raised itself."""

    default_reason = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.metadata: dict[str, str] = dict(metadata or {})
        self.retry_after = retry_after


class NotFound(GroundswellError):
    """The resource does not exist, or belongs to another workspace; a caller cannot distinguish these."""

    default_reason = "NOT_FOUND"

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(
            f"{kind} {id!r} does not exist",
            reason=f"{kind.upper()}_NOT_FOUND",
            metadata={"kind": kind, "id": id},
        )
        self.kind = kind
        self.id = id


class AlreadyExists(GroundswellError):
    """Something with this identity exists already."""

    default_reason = "ALREADY_EXISTS"

    def __init__(self, kind: str, id: str, *, reason: str = "") -> None:
        super().__init__(
            f"{kind} {id!r} exists already",
            reason=reason or f"{kind.upper()}_ALREADY_EXISTS",
            metadata={"kind": kind, "id": id},
        )
        self.kind = kind
        self.id = id


class InvalidArgument(GroundswellError):
    """The request is wrong in any state of the system; each wrong field is named."""

    default_reason = "VALIDATION_FAILED"

    def __init__(
        self,
        fields: Iterable[FieldViolation],
        *,
        message: str = "",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self.fields: tuple[FieldViolation, ...] = tuple(fields)
        found = message or "; ".join(f"{violation.field}: {violation.description}" for violation in self.fields)
        known = reason or next((violation.reason for violation in self.fields if violation.reason), "")
        super().__init__(found, reason=known, metadata=metadata)

    @classmethod
    def of(cls, field: str, description: str, *, reason: str = "") -> InvalidArgument:
        """Returns the error of one wrong field."""
        return cls([FieldViolation(field, description, reason)])

    @property
    def first(self) -> FieldViolation:
        """The first field that is wrong, or the message without a field where there is none."""
        return self.fields[0] if self.fields else FieldViolation("", self.message)


class FailedPrecondition(GroundswellError):
    """The request is right, but the state of the system is not; the message says what has to happen first."""

    default_reason = "FAILED_PRECONDITION"


class Aborted(GroundswellError):
    """Another caller changed the same resource at the same time: read it again, then repeat the call."""

    default_reason = "ABORTED"


class ResourceExhausted(GroundswellError):
    """A limit was reached; `retry_after` is the time until another attempt is worthwhile."""

    default_reason = "RESOURCE_EXHAUSTED"


class Unavailable(GroundswellError):
    """Not possible now, but probably soon; `retry_after` is the time to wait."""

    default_reason = "UNAVAILABLE"


class PermissionDenied(GroundswellError):
    """The caller is known, but may not do this."""

    default_reason = "PERMISSION_DENIED"


class Unauthenticated(GroundswellError):
    """The caller's credentials are missing, unknown, expired or revoked."""

    default_reason = "UNAUTHENTICATED"


class Cancelled(GroundswellError):
    """The work was stopped because a caller asked for it."""

    default_reason = "CANCELLED"


class DeadlineExceeded(GroundswellError):
    """The time was not sufficient."""

    default_reason = "DEADLINE_EXCEEDED"


class DataLoss(GroundswellError):
    """Stored data is damaged or missing, and another attempt cannot recover it."""

    default_reason = "DATA_LOSS"
