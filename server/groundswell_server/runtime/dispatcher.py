"""The dispatcher: the one GenericRpcHandler that maps the path of a call to its handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.rpc import error_details_pb2

from groundswell_server.runtime import errors
from groundswell_server.runtime.call import Call, Clock, Handler, Metadata
from groundswell_server.runtime.methods import Method, methods_of, path_of
from groundswell_server.runtime.pipeline import Stage, compose
from groundswell_server.runtime.request_decoder import decoder
from groundswell_storage.errors import Unavailable
from groundswell_storage.executor import DatabaseExecutor

# grpc.aio calls `service()` and the handler in one task, so a context variable carries the metadata from one to the
# other. To read them from the context again costs a copy per call.
_metadata: ContextVar[Metadata] = ContextVar("invocation_metadata", default=())


Behaviour = Callable[[Any, Any], Awaitable[Any]]
"""`async (request or requests, context)`, as grpc.aio calls it."""

SOON = timedelta(seconds=1)


def utc_now() -> datetime:
    """Returns the time of the machine, in UTC."""
    return datetime.now(UTC)


class Dispatcher(grpc.GenericRpcHandler):
    """All methods of all services. Each is composed once, when it is registered."""

    def __init__(
        self, stages: Sequence[Stage], executor: DatabaseExecutor, *, max_message_bytes: int, clock: Clock = utc_now
    ) -> None:
        self._stages = stages
        self._executor = executor
        self._max_message_bytes = max_message_bytes
        self._clock = clock
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        self._open_ended: set[Call] = set()
        self._draining = False
        self._behaviours: dict[str, Behaviour] = {}
        self.services: dict[str, ServiceDescriptor] = {}
        """The services that are served, by full name."""

    def register(self, service: ServiceDescriptor, servicer: object, *, foreign: bool = False) -> None:
        """Adds a service. Raises TypeError naming a call without a function, or whose options do not fit it."""
        for method in methods_of(service, servicer, foreign=foreign):
            behaviour = self._behaviours[method.path] = self._behaviour(method, compose(self._stages, method))
            self._handlers[method.path] = self._wired(method.descriptor, behaviour)
        self.services[service.full_name] = service

    def promise(self, service: ServiceDescriptor, load: Callable[[], Awaitable[object]]) -> None:
        """Adds a service that is not loaded yet: its first call awaits `load`, which registers it."""
        for descriptor in service.methods:
            self._handlers[path_of(descriptor)] = self._wired(descriptor, self._promised(path_of(descriptor), load))
        self.services[service.full_name] = service

    def methods(self) -> Iterable[str]:
        """Returns the paths of all registered methods."""
        return self._handlers.keys()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Called by grpc.aio for each call."""
        _metadata.set(details.invocation_metadata)
        handler = self._handlers.get(details.method)
        return handler if handler is not None else _not_served(details.method)

    def end_streams(self) -> None:
        """Ends every open stream and every waiting call with UNAVAILABLE, so that it resumes on another server.

        This is part of a graceful end.
        """
        self._draining = True
        for call in tuple(self._open_ended):
            call.end(_shutting_down())

    def _behaviour(self, method: Method, handler: Handler) -> Behaviour:
        executor, clock = self._executor, self._clock

        async def serve(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            try:
                return await handler(request, Call(method, context, _metadata.get(), executor, clock))
            except errors.Refusal as refusal:
                await _end(context, refusal)

        async def serve_open_ended(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            call = Call(method, context, _metadata.get(), executor, clock)
            self._open_ended.add(call)
            try:
                return await handler(request, call)
            except errors.Refusal as refusal:
                await _end(context, refusal)
            except asyncio.CancelledError:
                error = call.ended_by or (_shutting_down() if self._draining else None)
                if error is None:
                    raise
                await _end(context, errors.Refusal(errors.status_of(error, ""), errors.code_of(error)))
            finally:
                self._open_ended.discard(call)

        return serve_open_ended if method.streaming or method.rpc.waits else serve

    def _promised(self, path: str, load: Callable[[], Awaitable[object]]) -> Behaviour:
        async def serve_late(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            await load()
            return await self._behaviours[path](request, context)

        return serve_late

    def _wired(self, descriptor: MethodDescriptor, behaviour: Behaviour) -> grpc.RpcMethodHandler[Any, Any]:
        """Returns the gRPC handler of a call: its behaviour with its deserializer and serializer."""
        kinds = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }
        request_class = message_factory.GetMessageClass(descriptor.input_type)
        return kinds[descriptor.client_streaming, descriptor.server_streaming](
            behaviour,
            request_deserializer=decoder(request_class, self._max_message_bytes),
            response_serializer=message_factory.GetMessageClass(descriptor.output_type).SerializeToString,
        )


def _shutting_down() -> Unavailable:
    return Unavailable("the server is shutting down: connect again", reason="SHUTTING_DOWN", retry_after=SOON)


def _not_served(path: str) -> grpc.RpcMethodHandler[Any, Any]:
    """Returns a handler that refuses the call as gRPC would, with details."""

    async def refuse(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        info = error_details_pb2.ErrorInfo(reason="NOT_SERVED", domain=errors.DOMAIN, metadata={"method": path})
        status = errors.status_with(grpc.StatusCode.UNIMPLEMENTED, f"this server does not serve {path}", [info], "")
        await _end(context, errors.Refusal(status, grpc.StatusCode.UNIMPLEMENTED))

    return grpc.unary_unary_rpc_method_handler(refuse)


async def _end(context: grpc.aio.ServicerContext[Any, Any], refusal: errors.Refusal) -> NoReturn:
    await context.abort(refusal.code, refusal.status.message, refusal.trailing_metadata)
