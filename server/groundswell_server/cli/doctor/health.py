"""The health of a server, by the standard health service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import grpc

_SECONDS = 5.0
"""Timeout of the call."""


def health(channel: grpc.Channel, service: str = "") -> str:
    """Returns SERVING or NOT_SERVING for the server, or for a service by its full name. Raises grpc.RpcError."""
    from grpc_health.v1 import health_pb2

    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = check(health_pb2.HealthCheckRequest(service=service), timeout=_SECONDS)
    name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    return name
