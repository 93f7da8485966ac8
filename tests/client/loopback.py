"""A gRPC server on a loopback port that answers what a test says, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import grpc
from google.protobuf import any_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from groundswell.v1.services import services

SERVICES = tuple(services().values())

Answer = Callable[[Any, grpc.ServicerContext], Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that came in."""

    call: str
    request: Any
    metadata: Mapping[str, str | bytes]
    seconds_left: float | None


class LoopbackServer:
    """Serves the whole contract; a call without an answer is UNIMPLEMENTED."""

    def __init__(self, credentials: grpc.ServerCredentials | None = None, port: int = 0, **answers: Answer) -> None:
        self.answers: dict[str, Answer] = answers
        self.asked: list[Asked] = []
        self._server = grpc.server(ThreadPoolExecutor(16), options=[("grpc.so_reuseport", 0)])
        for service in SERVICES:
            handlers = {method.name: self._handler(method) for method in service.methods}
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.full_name, handlers),))
        address = f"127.0.0.1:{port}"
        self.port = (
            self._server.add_secure_port(address, credentials)
            if credentials
            else self._server.add_insecure_port(address)
        )
        self.target = f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends at once, and every open call with it."""
        self._server.stop(0).wait()

    def requests(self, call: str) -> list[Any]:
        """The requests of a call, in the order they came in."""
        return [asked.request for asked in self.asked if asked.call == call]

    def _handler(self, method: MethodDescriptor) -> grpc.RpcMethodHandler[Any, Any]:
        shape = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
        make = getattr(grpc, f"{shape}_rpc_method_handler")
        behavior = self._stream if method.server_streaming else self._single

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            return behavior(method, request, context)

        handler: grpc.RpcMethodHandler[Any, Any] = make(
            answer,
            request_deserializer=GetMessageClass(method.input_type).FromString,
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )
        return handler

    def _single(self, method: MethodDescriptor, request: Any, context: grpc.ServicerContext) -> Any:
        return self._answer(method, request, context)(request, context)

    def _stream(self, method: MethodDescriptor, request: Any, context: grpc.ServicerContext) -> Any:
        yield from self._answer(method, request, context)(request, context)

    def _answer(self, method: MethodDescriptor, request: Any, context: grpc.ServicerContext) -> Answer:
        metadata = dict(context.invocation_metadata())
        self.asked.append(Asked(method.name, request, metadata, context.time_remaining()))
        if method.name not in self.answers:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{method.name} has no answer in this test")
        return self.answers[method.name]


def always(response: Message) -> Answer:
    """The same response to every request."""
    return lambda request, context: response


def in_turn(*answers: Answer) -> Answer:
    """One answer after another; the last one stays."""
    left = list(answers)

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        return (left.pop(0) if len(left) > 1 else left[0])(request, context)

    return answer


def failing(code: grpc.StatusCode, message: str = "", *details: Message) -> Answer:
    """A failure with rich details, as the server of the suite sends them."""

    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        status = status_pb2.Status(code=code.value[0], message=message, details=[_packed(each) for each in details])
        context.abort_with_status(rpc_status.to_status(status))

    return answer


def unavailable(request: Any, context: grpc.ServicerContext) -> Any:
    """What a server that restarts says."""
    context.abort(grpc.StatusCode.UNAVAILABLE, "restarting")


def reason(name: str, **metadata: str) -> error_details_pb2.ErrorInfo:
    """The detail that says why."""
    return error_details_pb2.ErrorInfo(reason=name, domain="groundswell.dev", metadata=metadata)


def _packed(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
