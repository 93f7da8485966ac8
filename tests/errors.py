"""The rich errors of a real server, decoded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status


@dataclass(slots=True)
class Refused:
    """The error of a refused call; filled in when the block ends."""

    code: grpc.StatusCode = grpc.StatusCode.OK
    message: str = ""
    reason: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    retry_seconds: float | None = None
    resource: str = ""
    request_id: str = ""


@contextmanager
def refusal() -> Iterator[Refused]:
    """Asserts that a call in the block is refused with a rich error, and yields its parts."""
    refused = Refused()
    with pytest.raises(grpc.RpcError) as caught:
        yield refused
    status = rpc_status.from_call(caught.value)
    assert status is not None, f"no details in {caught.value}"
    refused.code = caught.value.code()
    refused.message = status.message
    for detail in status.details:
        _read(detail, refused)
    assert refused.reason, f"no ErrorInfo in {caught.value}"


def _read(detail: object, refused: Refused) -> None:
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    resource, request = error_details_pb2.ResourceInfo(), error_details_pb2.RequestInfo()
    if detail.Unpack(info):
        assert info.domain == "groundswell.dev"
        refused.reason, refused.metadata = info.reason, dict(info.metadata)
    elif detail.Unpack(bad):
        refused.fields = tuple(violation.field for violation in bad.field_violations)
    elif detail.Unpack(retry):
        refused.retry_seconds = retry.retry_delay.ToTimedelta().total_seconds()
    elif detail.Unpack(resource):
        refused.resource = resource.resource_name
    elif detail.Unpack(request):
        refused.request_id = request.request_id
