"""Errors of calls: one class per status code, with the server's reason, fields and retry delay."""

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
"""Messages of grpc about a server that does not answer, with its address and the cause."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field of the request that was refused."""

    field: str
    """Path of the field, such as `handles[0].platform`."""
    description: str
    """The problem, in words."""
    reason: str = ""
    """Stable name of the violated constraint, where the server sends one."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The details of an error besides its message."""

    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[FieldViolation, ...] = ()
    retry_after: timedelta | None = None
    request_id: str = ""


class GroundswellError(Exception):
    """A failed call. Each status code has its subclass.

    >>> error = NotFound("there is no such post", Explanation(reason="POST_NOT_FOUND"))
    >>> error.code.name, error.reason, error.reason_number
    ('NOT_FOUND', 'POST_NOT_FOUND', 44)
    >>> print(error)
    there is no such post (POST_NOT_FOUND)
    """

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.UNKNOWN
    """Status code of the class."""

    def __init__(self, message: str, explanation: Explanation | None = None) -> None:
        super().__init__(message, explanation or Explanation())
        self.message: str = message
        self._explanation: Explanation = explanation or Explanation()
        self.rpc_error: grpc.RpcError | None = None
        """The error of grpc. It is not the cause, whose long traceback would hide this error."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The error of grpc holds a channel, which can't be pickled.
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
        """Details of the error, as the comments of ErrorReason describe them."""
        return self._explanation.metadata

    @property
    def fields(self) -> tuple[FieldViolation, ...]:
        """The refused fields, in the order of the server."""
        return self._explanation.fields

    @property
    def retry_after(self) -> timedelta | None:
        """Delay before another attempt; None when the server sent none."""
        return self._explanation.retry_after

    @property
    def request_id(self) -> str:
        """The `x-request-id` of the call, which is in the server's log; for a change, its `request_id`."""
        return self._explanation.request_id

    def __str__(self) -> str:
        # The server's message contains the fields already; a message of the SDK or of another server may not.
        missing = [each for each in self.fields if each.description not in self.message]
        return "; ".join([self._headline(), *(f"{each.field}: {each.description}" for each in missing)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def _headline(self) -> str:
        return f"{self.message} ({self.reason})" if self.reason else self.message


class Cancelled(GroundswellError):
    """The call or operation was cancelled, by the caller or by CancelOperation."""

    code = grpc.StatusCode.CANCELLED


class Unknown(GroundswellError):
    """The server, or a proxy in front of it, failed in an unknown way."""

    code = grpc.StatusCode.UNKNOWN


class InvalidArgument(GroundswellError, ValueError):
    """The request is invalid in every state of the server; `fields` names the invalid fields."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class DeadlineExceeded(GroundswellError, TimeoutError):
    """The deadline passed. A change may have taken effect.

    Repeating the change with `request_id=error.request_id` is safe: it takes effect once and returns the first answer.
    """

    code = grpc.StatusCode.DEADLINE_EXCEEDED

    def _headline(self) -> str:
        if self.reason:
            return super()._headline()
        return f"{self.message}: no answer before the deadline; set a longer `timeout`"


class NotFound(GroundswellError):
    """A resource that the request names does not exist in the workspace."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(GroundswellError):
    """The resource to be created exists already."""

    code = grpc.StatusCode.ALREADY_EXISTS


class PermissionDenied(GroundswellError):
    """The role or the scopes of the API key do not allow the call."""

    code = grpc.StatusCode.PERMISSION_DENIED


class Unauthenticated(GroundswellError):
    """No credentials, or none that the server accepts."""

    code = grpc.StatusCode.UNAUTHENTICATED


class ResourceExhausted(GroundswellError):
    """A limit is reached; `retry_after` is the delay after which another attempt may succeed."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class FailedPrecondition(GroundswellError):
    """The state of a resource does not allow the call. Repeating it can't help before the state changes."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Aborted(GroundswellError):
    """A concurrent change won: read the resource again, then repeat."""

    code = grpc.StatusCode.ABORTED


class OutOfRange(GroundswellError):
    """A position is past the end."""

    code = grpc.StatusCode.OUT_OF_RANGE


class Unimplemented(GroundswellError):
    """This server does not serve the call."""

    code = grpc.StatusCode.UNIMPLEMENTED


class Internal(GroundswellError):
    """A bug of the server. The server's log has it under `request_id`."""

    code = grpc.StatusCode.INTERNAL

    def _headline(self) -> str:
        headline = super()._headline()
        named = not self.request_id or self.request_id in headline
        return headline if named else f"{headline} [request id {self.request_id}]"


class Unavailable(GroundswellError):
    """The server can't be reached or can't serve now. Calls that are safe to repeat have been repeated already."""

    code = grpc.StatusCode.UNAVAILABLE

    def _headline(self) -> str:
        if self.reason:
            return super()._headline()
        # The server always sends a reason. Without one, no server answered.
        return (
            f"{_simplified(self.message)}. Is the server running? `groundswell serve` starts one. Its address is the "
            "client's target, or GROUNDSWELL_TARGET. A server with TLS needs `tls=Tls(...)`, or --ca FILE on the "
            "command line; a server without TLS refuses it"
        )


class DataLoss(GroundswellError):
    """Stored data is damaged."""

    code = grpc.StatusCode.DATA_LOSS


def invalid_field(field: str, description: str) -> InvalidArgument:
    """Returns the error for an invalid field that the SDK finds before anything is sent."""
    return InvalidArgument("the request can't be built", Explanation(fields=(FieldViolation(field, description),)))


def _simplified(message: str) -> str:
    """Returns the message of grpc about a server that does not answer, without its internals.

    >>> _simplified("connections to all backends failing; last error: UNKNOWN: ipv6:%5B::1%5D:9: Connection refused")
    "[::1]:9 can't be reached: Connection refused"
    """
    if found := _UNREACHED.fullmatch(message):
        return f"{unquote(found[1])} can't be reached: {found[2]}"
    if found := _UNRESOLVED.fullmatch(message):
        return f"{found[1]} can't be found: {found[2]}"
    return message
