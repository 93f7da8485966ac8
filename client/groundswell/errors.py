"""What a call can raise: one class per status code, with the server's reason, fields and advice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import unquote

import grpc

_UNREACHED = re.compile(r".*; last error: [A-Z_]+: (?:ipv[46]:)?(\S+): (?:Failed to connect to remote host: )?(.+)")
_UNRESOLVED = re.compile(r"errors resolving (\S+): \[.*: ([^:\]]+)\]")
"""What grpc says when nobody answers: where, and why."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of the request that was refused."""

    field: str
    """Path of the field, such as `handles[0].platform`."""
    description: str
    """What is wrong with it."""
    reason: str = ""
    """Stable name of the constraint it breaks, where the server gives one."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of a refusal besides its message."""

    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[FieldViolation, ...] = ()
    retry_after: timedelta | None = None
    request_id: str = ""


class GroundswellError(Exception):
    """A call that did not succeed. Each status code has its subclass.

    >>> error = NotFound("there is no such post", Explanation(reason="POST_NOT_FOUND"))
    >>> error.code.name, error.reason, error.reason_number
    ('NOT_FOUND', 'POST_NOT_FOUND', 44)
    >>> print(error)
    there is no such post (POST_NOT_FOUND)
    """

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.UNKNOWN
    """Status code that the class stands for."""

    def __init__(self, message: str, explanation: Explanation | None = None) -> None:
        super().__init__(message, explanation or Explanation())
        self.message: str = message
        self._explanation: Explanation = explanation or Explanation()
        self.rpc_error: grpc.RpcError | None = None
        """What grpc raised. Not the cause, whose long traceback would come before what is said here."""

    def __reduce__(self) -> tuple[Any, ...]:
        # What grpc raised holds a channel: it stays in its process.
        return type(self), self.args, {**self.__dict__, "rpc_error": None}

    @property
    def reason(self) -> str:
        """Stable name of the reason, such as "POST_NOT_FOUND": a name of ErrorReason without its prefix, or ""."""
        return self._explanation.reason

    @property
    def reason_number(self) -> int | None:
        """Number of the reason in ErrorReason. None where this version of the SDK doesn't know the reason."""
        from groundswell.v1.errors_pb2 import ErrorReason

        return dict(ErrorReason.items()).get(f"ERROR_REASON_{self.reason}")

    @property
    def metadata(self) -> Mapping[str, str]:
        """Facts about the refusal; which ones, the comments of ErrorReason say."""
        return self._explanation.metadata

    @property
    def fields(self) -> tuple[FieldViolation, ...]:
        """The fields that were refused, in the order of the server."""
        return self._explanation.fields

    @property
    def retry_after(self) -> timedelta | None:
        """How long to wait before another try. None when the server did not say."""
        return self._explanation.retry_after

    @property
    def request_id(self) -> str:
        """The `x-request-id` of the call, by which the server's log names it; that of a change is its `request_id`."""
        return self._explanation.request_id

    def __str__(self) -> str:
        # The server's message tells them already; one of the SDK itself, or of another server, may not.
        untold = [each for each in self.fields if each.description not in self.message]
        return "; ".join([self._headline(), *(f"{each.field}: {each.description}" for each in untold)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def _headline(self) -> str:
        return f"{self.message} ({self.reason})" if self.reason else self.message


class Cancelled(GroundswellError):
    """The work was cancelled, by the caller or by CancelOperation."""

    code = grpc.StatusCode.CANCELLED


class Unknown(GroundswellError):
    """The server, or something before it, failed in a way it could not name."""

    code = grpc.StatusCode.UNKNOWN


class InvalidArgument(GroundswellError, ValueError):
    """The request is wrong whatever the state of the server; `fields` says where."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class DeadlineExceeded(GroundswellError, TimeoutError):
    """The time for the call ran out. A change may have happened nevertheless.

    The same change with `request_id=error.request_id` is safe: it takes effect once, and gets the first answer.
    """

    code = grpc.StatusCode.DEADLINE_EXCEEDED

    def _headline(self) -> str:
        told = bool(self.reason)
        return super()._headline() if told else f"{self.message}: no answer in time; `timeout` gives it longer"


class NotFound(GroundswellError):
    """What the request names is not in the workspace."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(GroundswellError):
    """What should be created is there already."""

    code = grpc.StatusCode.ALREADY_EXISTS


class PermissionDenied(GroundswellError):
    """The role or the scopes of the API key do not allow the call."""

    code = grpc.StatusCode.PERMISSION_DENIED


class Unauthenticated(GroundswellError):
    """No credentials, or none that the server accepts."""

    code = grpc.StatusCode.UNAUTHENTICATED


class ResourceExhausted(GroundswellError):
    """A limit is reached; `retry_after` says when to go on, where waiting helps."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class FailedPrecondition(GroundswellError):
    """The state of things does not allow it; repeating the call will not help before that changes."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Aborted(GroundswellError):
    """Somebody else was faster: read again, then repeat."""

    code = grpc.StatusCode.ABORTED


class OutOfRange(GroundswellError):
    """Past the end of what there is."""

    code = grpc.StatusCode.OUT_OF_RANGE


class Unimplemented(GroundswellError):
    """This server does not serve the call."""

    code = grpc.StatusCode.UNIMPLEMENTED


class Internal(GroundswellError):
    """A fault of the server. `request_id` finds it in the server's log."""

    code = grpc.StatusCode.INTERNAL

    def _headline(self) -> str:
        headline = super()._headline()
        named = not self.request_id or self.request_id in headline
        return headline if named else f"{headline} [request id {self.request_id}]"


class Unavailable(GroundswellError):
    """The server can't be reached or can't serve now. What was safe to repeat has been repeated already."""

    code = grpc.StatusCode.UNAVAILABLE

    def _headline(self) -> str:
        if self.reason:
            return super()._headline()
        # Not a word of the server's, which always gives a reason: nobody answered.
        return (
            f"{_plainly(self.message)}. Is the server running? `groundswell serve` starts one; the client's target, or "
            "GROUNDSWELL_TARGET, says where it is. A server with TLS is reached by `tls=Tls(...)`, on the command line "
            "by --ca FILE, and one without is not"
        )


class DataLoss(GroundswellError):
    """Stored data are damaged."""

    code = grpc.StatusCode.DATA_LOSS


def invalid_field(field: str, description: str) -> InvalidArgument:
    """A refusal by the SDK itself, before anything is sent."""
    return InvalidArgument("the request can't be built", Explanation(fields=(FieldViolation(field, description),)))


def _plainly(message: str) -> str:
    """What grpc says when nobody answers, without its inner workings.

    >>> _plainly("connections to all backends failing; last error: UNKNOWN: ipv6:%5B::1%5D:9: Connection refused")
    "[::1]:9 can't be reached: Connection refused"
    """
    if found := _UNREACHED.fullmatch(message):
        return f"{unquote(found[1])} can't be reached: {found[2]}"
    if found := _UNRESOLVED.fullmatch(message):
        return f"{found[1]} can't be found: {found[2]}"
    return message
