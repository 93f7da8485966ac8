"""Conversion of the status of a call or an operation to the errors of `groundswell.errors`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from groundswell.errors import Explanation, FieldViolation, GroundswellError, Unknown

Detail = TypeVar("Detail", bound=Message)

_CLASSES: Mapping[grpc.StatusCode, type[GroundswellError]] = {
    each.code: each for each in GroundswellError.__subclasses__()
}


def from_rpc_error(error: grpc.RpcError, request_id: str = "") -> GroundswellError:
    """Returns the typed form of an error of grpc.

    Raise it outside `except`, because a context that holds a call can't be pickled. Details that can't be read are left
    out, so that a damaged detail does not hide the error.
    """
    call = cast(grpc.Call, error)
    typed: GroundswellError
    if hasattr(call, "code"):
        status = _rich_status(call)
        explanation = _explain(status.details, request_id) if status else Explanation(request_id=request_id)
        typed = _CLASSES.get(call.code(), Unknown)(call.details() or call.code().name, explanation)
    else:
        typed = Unknown(str(error), Explanation(request_id=request_id))
    typed.rpc_error = error
    return typed


def from_status(status: status_pb2.Status) -> GroundswellError:
    """Returns the typed form of a `google.rpc.Status`, such as the error of a failed operation."""
    code = next((each for each in _CLASSES if each.value[0] == status.code), grpc.StatusCode.UNKNOWN)
    return _CLASSES[code](status.message or code.name, _explain(status.details))


def _rich_status(call: grpc.Call) -> status_pb2.Status | None:
    try:
        return cast("status_pb2.Status | None", rpc_status.from_call(call))
    except (ValueError, DecodeError):  # the status contradicts the code of the call, or is damaged
        return None


def _explain(details: Sequence[AnyMessage], request_id: str = "") -> Explanation:
    """Reads the standard details; other types of details are ignored."""
    explanation = Explanation(request_id=request_id)
    for info in _unpack(details, error_details_pb2.ErrorInfo):
        metadata = dict(info.metadata)
        named = metadata.get("request_id", request_id)
        explanation = replace(explanation, reason=info.reason, metadata=metadata, request_id=named)
    for request in _unpack(details, error_details_pb2.RequestInfo):
        explanation = replace(explanation, request_id=request.request_id)
    for retry in _unpack(details, error_details_pb2.RetryInfo):
        explanation = replace(explanation, retry_after=_delay(retry))
    for bad in _unpack(details, error_details_pb2.BadRequest):
        violations = (FieldViolation(each.field, each.description, each.reason) for each in bad.field_violations)
        explanation = replace(explanation, fields=(*explanation.fields, *violations))
    return explanation


def _delay(retry: error_details_pb2.RetryInfo) -> timedelta | None:
    try:
        return max(retry.retry_delay.ToTimedelta(), timedelta(0))
    except OverflowError:
        return None


def _unpack(details: Sequence[AnyMessage], kind: type[Detail]) -> Iterator[Detail]:
    for detail in details:
        message = kind()
        try:
            if detail.Unpack(message):
                yield message
        except DecodeError:
            continue
