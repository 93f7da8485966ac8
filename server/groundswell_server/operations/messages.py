"""Conversions between operations and their messages."""

from __future__ import annotations

import re

from google.longrunning import operations_pb2
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from groundswell.v1 import common_pb2
from groundswell_server.runtime.errors import DOMAIN
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.jobs.operations import Operation
from groundswell_storage.pages import Page

_COLLECTION = "operations"
_NAME = re.compile(r"operations/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)
_MAX_TOKEN_LENGTH = 1000
_DEFAULT_MESSAGES = {
    "PENDING": "waiting for a worker",
    "RUNNING": "begun",
    "SUCCEEDED": "done",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
"""The progress message by state, for work that reports none itself."""


def to_proto(operation: Operation) -> operations_pb2.Operation:
    """Returns an operation with its progress as metadata and, when it is done, its response or error."""
    message = operation.message or _DEFAULT_MESSAGES[operation.state]
    progress = common_pb2.OperationProgress(
        progress_pct=operation.progress_pct, message=message, attempt=operation.attempt
    )
    result = operations_pb2.Operation(name=f"{_COLLECTION}/{operation.id}", done=operation.is_done)
    result.metadata.Pack(progress)
    if operation.state == "SUCCEEDED":
        result.response.CopyFrom(any_pb2.Any(type_url=operation.response_type, value=operation.response or b""))
    elif operation.is_done:
        result.error.CopyFrom(_error(operation))
    return result


def to_list(page: Page[Operation]) -> operations_pb2.ListOperationsResponse:
    """Returns a page of operations."""
    return operations_pb2.ListOperationsResponse(
        operations=[to_proto(operation) for operation in page.items], next_page_token=page.next_page_token
    )


def operation_id(name: str) -> str:
    """Returns the id in `operations/<id>`. Raises InvalidArgument for any other name."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise InvalidArgument.of(
            "name", "must be operations/ followed by the UUID of the operation", reason="VALIDATION_FAILED"
        )
    return found[1]


def check_list(request: operations_pb2.ListOperationsRequest) -> None:
    """Raises InvalidArgument for an invalid request: the standard contract declares no constraints."""
    if request.name not in ("", _COLLECTION):
        raise InvalidArgument.of("name", f"must be empty or {_COLLECTION!r}", reason="VALIDATION_FAILED")
    if len(request.page_token) > _MAX_TOKEN_LENGTH:
        raise InvalidArgument.of("page_token", "must be a next_page_token of this service", reason="PAGE_TOKEN_INVALID")
    if request.return_partial_success:
        raise InvalidArgument.of(
            "return_partial_success", "is not supported: all operations are in one database", reason="VALIDATION_FAILED"
        )


def timeout_seconds(timeout: duration_pb2.Duration) -> float:
    """Returns a timeout in seconds. Raises InvalidArgument for a negative or malformed one."""
    seconds = timeout.seconds + timeout.nanos / 1e9
    if seconds < 0 or not 0 <= timeout.nanos < 1_000_000_000:
        raise InvalidArgument.of("timeout", "must not be negative", reason="VALIDATION_FAILED")
    return seconds


def _error(operation: Operation) -> status_pb2.Status:
    if operation.state == "CANCELLED":
        status = status_pb2.Status(code=code_pb2.CANCELLED, message="the operation was cancelled")
        reason = "OPERATION_CANCELLED"
    else:
        code = code_pb2.Code.Value(operation.error_code)
        status = status_pb2.Status(code=code, message=operation.error_message)
        reason = operation.error_reason
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=operation.error_metadata)
    status.details.add().Pack(info)
    return status
