"""A stage: the table that maps errors to status codes, and their details on the wire.

Every refusal carries a google.rpc.Status with ErrorInfo (reason, domain, metadata) and RequestInfo, and where they
apply BadRequest, ResourceInfo and RetryInfo. An unforeseen error becomes INTERNAL with the request id. Its details are
only in the server's log.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method
from groundswell_server.runtime.trailer_limits import first_violations, short_message, short_metadata, shortened
from groundswell_storage import errors

DOMAIN = "groundswell.dev"
DETAILS_KEY = "grpc-status-details-bin"

CODES: dict[type[errors.GroundswellError], grpc.StatusCode] = {
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    errors.InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    errors.FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    errors.Aborted: grpc.StatusCode.ABORTED,
    errors.ResourceExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.PermissionDenied: grpc.StatusCode.PERMISSION_DENIED,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.Cancelled: grpc.StatusCode.CANCELLED,
    errors.DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    errors.DataLoss: grpc.StatusCode.DATA_LOSS,
}

log = structlog.get_logger(__name__)


class Refusal(Exception):
    """The end of a call with a status other than OK, ready for the wire."""

    def __init__(self, status: status_pb2.Status, code: grpc.StatusCode) -> None:
        super().__init__(status.message)
        self.status = status
        self.code = code

    @property
    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """The details as gRPC transports them."""
        return ((DETAILS_KEY, self.status.SerializeToString()),)


def stage(method: Method, proceed: Handler) -> Handler:
    """Turns every error of the inner stages into a Refusal."""

    async def handler(request: Any, call: Call) -> Any:
        try:
            return await proceed(request, call)
        except errors.GroundswellError as error:
            raise Refusal(status_of(error, call.request_id), code_of(error)) from error
        except (grpc.aio.AbortError, asyncio.CancelledError):
            raise
        except Exception as error:
            log.exception("call failed", method=method.path, request_id=call.request_id, workspace=call.workspace)
            raise Refusal(internal(call.request_id), grpc.StatusCode.INTERNAL) from error

    return handler


def code_of(error: errors.GroundswellError) -> grpc.StatusCode:
    """Returns the status code of a typed error. An error of a peer carries its own code."""
    known: grpc.StatusCode | None = getattr(error, "code", None)
    return known or next((code for kind, code in CODES.items() if isinstance(error, kind)), grpc.StatusCode.INTERNAL)


def status_of(error: errors.GroundswellError, request_id: str) -> status_pb2.Status:
    """Returns the rich status of a typed error."""
    violations = list(error.fields) if isinstance(error, errors.InvalidArgument) else []
    kept = first_violations(violations)
    left_out = len(violations) - len(kept)
    metadata = {**error.metadata, "violations_left_out": str(left_out)} if left_out else error.metadata
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=short_metadata(metadata)),
    ]
    if isinstance(error, errors.InvalidArgument):
        details.append(_bad_request(kept))
    if isinstance(error, errors.NotFound | errors.AlreadyExists):
        details.append(error_details_pb2.ResourceInfo(resource_type=error.kind, resource_name=shortened(error.id)))
    if error.retry_after is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromTimedelta(error.retry_after)
        details.append(retry)
    message = short_message(error.message)
    if left_out:
        message += f" ({len(violations)} fields are wrong; the last is {shortened(violations[-1].field)})"
    return status_with(code_of(error), message, details, request_id)


def internal(request_id: str) -> status_pb2.Status:
    """Returns the status of an unforeseen error, with the id to look for in the log and nothing else."""
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN, metadata={"request_id": request_id})
    message = f"an unforeseen error; the server's log has it under request id {request_id}"
    return status_with(grpc.StatusCode.INTERNAL, message, [info], request_id)


def _bad_request(violations: list[errors.FieldViolation]) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=violation.field, description=violation.description, reason=violation.reason
            )
            for violation in violations
        ]
    )


def status_with(code: grpc.StatusCode, message: str, details: list[Message], request_id: str) -> status_pb2.Status:
    """Returns a rich status from its parts, with RequestInfo added."""
    packed = []
    for detail in (*details, error_details_pb2.RequestInfo(request_id=request_id)):
        any_message = AnyMessage()
        any_message.Pack(detail)
        packed.append(any_message)
    number: int = code.value[0]
    return status_pb2.Status(code=number, message=message, details=packed)
