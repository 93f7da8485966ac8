"""The health of a server, as it says itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc

_SECONDS = 5.0
"""How long a server is waited for."""


def health(channel: grpc.Channel, service: str = "") -> str:
    """SERVING or NOT_SERVING, of the server or of a service by its full name. Raises what the channel raises."""
    from grpc_health.v1 import health_pb2

    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = check(health_pb2.HealthCheckRequest(service=service), timeout=_SECONDS)
    name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return name
