"""Any call of any service by its name, from the descriptors: for tests that walk all calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from groundswell.v1.services import services

TIMEOUT_SECONDS = 30

SERVICES = tuple(services().values())
METHODS: dict[str, MethodDescriptor] = {method.name: method for service in SERVICES for method in service.methods}
"""All calls of the suite by their names, which are unique."""


def path_of(method: MethodDescriptor) -> str:
    """Returns the path of a call on the wire."""
    return f"/{method.containing_service.full_name}/{method.name}"


def request_of(name: str, /, **fields: Any) -> Message:
    """Returns a request of a call."""
    request: Message = message_factory.GetMessageClass(METHODS[name].input_type)(**fields)
    return request


def call(
    channel: grpc.Channel, name: str, *requests: Message | bytes, metadata: Sequence[tuple[str, str]] = ()
) -> list[Any]:
    """Makes a call and returns its responses. It reads a stream to the end; use `responses` for an endless one."""
    return list(responses(channel, name, *requests, metadata=metadata))


def responses(
    channel: grpc.Channel, name: str, *requests: Message | bytes, metadata: Sequence[tuple[str, str]] = ()
) -> Iterable[Any]:
    """Returns an iterator over the responses; for a server stream it is the call itself, which can be cancelled."""
    method = METHODS[name]
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    stub = getattr(channel, kind)(
        path_of(method),
        request_serializer=_serialized,
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    sent: Any = iter(requests) if method.client_streaming else requests[0]
    answer = stub(sent, timeout=TIMEOUT_SECONDS, metadata=metadata)
    return answer if method.server_streaming else [answer]


def next_change(watching: Any) -> Any:
    """Returns the next message of WatchEngagement with a change; the others carry only a cursor."""
    return next(message for message in watching if message.WhichOneof("change"))


def _serialized(request: Message | bytes) -> bytes:
    return request if isinstance(request, bytes) else request.SerializeToString()
