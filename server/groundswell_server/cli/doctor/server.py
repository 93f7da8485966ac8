"""The check of a running server and of the API key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell_server.cli.doctor.check_result import CheckResult
from groundswell_server.cli.doctor.health import health

if TYPE_CHECKING:
    import grpc

    from groundswell import Tls


def server(target: str, api_key: str | None, tls: Tls | None) -> CheckResult:
    """Checks the health of a server, and with an API key a call that needs one."""
    import grpc

    from groundswell._connections import Connection

    # As the SDK does: with TLS unless the server is on this machine, and with the key of the environment.
    connection = Connection.of(target, api_key, tls, False)
    with connection.open("{}") as channel:
        try:
            status = health(channel)
            refusal = _refusal(channel, connection.api_key) if connection.api_key else ""
        except grpc.RpcError as error:
            cure = _way_to_a_server(by_tls=connection.tls is not None)
            return CheckResult("server", "fail", f"{target}: {error.details()}", cure)
    if refusal:
        cure = "set GROUNDSWELL_API_KEY to a valid key; `groundswell keys create NAME` makes one"
        return CheckResult("server", "fail", f"{target} is {status}, but {refusal}", cure)
    return CheckResult("server", "ok" if status == "SERVING" else "warn", f"{target} is {status}")


def _way_to_a_server(*, by_tls: bool) -> str:
    if by_tls:
        return "is it running, and is its certificate from a known CA? --ca FILE adds another CA"
    return "start it with `groundswell serve`; a server with TLS needs --ca FILE"


def _refusal(channel: grpc.Channel, api_key: str) -> str:
    """Returns the reason why the server refuses this key; empty when it accepts it. The health call needs no key."""
    import grpc
    from google.longrunning import operations_pb2

    ask = channel.unary_unary(
        "/google.longrunning.Operations/ListOperations",
        request_serializer=operations_pb2.ListOperationsRequest.SerializeToString,
        response_deserializer=operations_pb2.ListOperationsResponse.FromString,
    )
    try:
        ask(
            operations_pb2.ListOperationsRequest(page_size=1),
            timeout=5,
            metadata=(("authorization", f"Bearer {api_key}"),),
        )
    except grpc.RpcError as error:
        return str(error.details()) if error.code() is grpc.StatusCode.UNAUTHENTICATED else ""
    return ""
