"""The methods of a service, as the contract and the servicer describe them, and the decorator of servicer methods."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import MethodType
from typing import Any, TypeVar, overload

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from groundswell.call_options import CallOptions, options_of
from groundswell.v1.options_pb2 import Audit

Function = TypeVar("Function", bound=Callable[..., Any])
FastAccept = Callable[[Any], bool]
"""A hand-written check that returns True only for requests that protovalidate accepts; saves its 12 us on hot paths."""
Preparation = Callable[[Any, Any, Any], Awaitable[Any]]
"""`async (servicer, request, call)`."""


class Mode(Enum):
    """The place where a servicer method runs."""

    READ = "read"
    """`(self, request, scope) -> response`, synchronous, whole on the database executor; changes nothing."""
    WRITE = "write"
    """The same in one transaction, together with the record of its `request_id`."""
    INLINE = "inline"
    """`async (self, request, call)`, a coroutine or a generator on the event loop: cached answers and streams."""
    FOREIGN = "foreign"
    """`async (self, request, context)` as grpc.aio defines it: health, reflection, channelz."""


@dataclass(frozen=True, slots=True)
class Rpc:
    """The arguments of `@rpc`."""

    accepts: FastAccept | None = None
    preload: str = ""
    prepare: Preparation | None = None
    waits: bool = False


@overload
def rpc(function: Function, /) -> Function: ...


@overload
def rpc(
    *, accepts: FastAccept | None = None, preload: str = "", prepare: Preparation | None = None, waits: bool = False
) -> Callable[[Function], Function]: ...


def rpc(
    function: Callable[..., Any] | None = None,
    /,
    *,
    accepts: FastAccept | None = None,
    preload: str = "",
    prepare: Preparation | None = None,
    waits: bool = False,
) -> Any:
    """Marks a servicer method as the implementation of the call that has its name.

    A synchronous method runs whole on the database executor: in a read when the contract declares NO_SIDE_EFFECTS,
    otherwise in a transaction. An asynchronous method runs on the event loop. Role, scope, audit and effect are in
    the contract. The arguments take effect in this order, after authentication and limits:

    1. `accepts`: a request for which it returns True skips the validation of the contract's constraints.
    2. `preload`: a module with heavy libraries, imported in a thread before the first call, so that no other call
       waits for the import on the database executor.
    3. `prepare`: a coroutine function `(self, request, call)` that a write awaits on the event loop, for work that
       must not hold up the database executor. Its result is the method's third argument; an error that it raises
       refuses the call, also a repeated call.
    4. The method itself, followed by its entry in the audit log where the contract declares AUDIT_RUNTIME.

    `waits` marks an asynchronous method that waits for an event: a server that shuts down ends it at once.
    """
    arguments = Rpc(accepts, preload, prepare, waits)

    def mark(function: Function) -> Function:
        function.rpc = arguments  # type: ignore[attr-defined]
        return function

    return mark if function is None else mark(function)


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """One call of one service."""

    descriptor: MethodDescriptor
    """The call as the contract declares it."""
    options: CallOptions
    """The requirements that the contract declares for its caller."""
    path: str
    """`/package.Service/Call`, its path on the wire."""
    service: str
    """Full name of the service."""
    name: str
    """Name of the call."""
    response_class: type[Message]
    client_streaming: bool
    server_streaming: bool
    has_request_id: bool
    """True when the request has a `request_id`, so that the call can be repeated safely."""
    function: Callable[..., Any]
    """The bound servicer method."""
    mode: Mode
    rpc: Rpc
    """The arguments of the servicer method's `@rpc`."""

    @property
    def audited(self) -> bool:
        """True for a write that the runtime puts on the audit log."""
        return self.options.audit == Audit.AUDIT_RUNTIME

    @property
    def preparation(self) -> Callable[[Any, Any], Awaitable[Any]] | None:
        """The coroutine function that is awaited with the request and the call before a write, or None."""
        prepare = self.rpc.prepare
        return None if prepare is None else MethodType(prepare, getattr(self.function, "__self__", None))

    @property
    def streaming(self) -> bool:
        """True unless one request gets one response."""
        return self.client_streaming or self.server_streaming


def path_of(descriptor: MethodDescriptor) -> str:
    """Returns `/package.Service/Call`, the path of the call on the wire."""
    return f"/{descriptor.containing_service.full_name}/{descriptor.name}"


def methods_of(service: ServiceDescriptor, servicer: object, *, foreign: bool = False) -> Iterator[Method]:
    """Yields the methods of a service with the servicer's functions.

    Raises TypeError naming a call without a function, without options in the contract, or whose function does not fit
    its options. `foreign` is for servicers that grpcio provides.
    """
    for descriptor in service.methods:
        function = getattr(servicer, descriptor.name, None)
        if function is None:
            raise TypeError(f"{type(servicer).__name__} does not implement {descriptor.full_name}")
        yield _foreign(descriptor, function) if foreign else _own(descriptor, function)


def _own(descriptor: MethodDescriptor, function: Callable[..., Any]) -> Method:
    arguments: Rpc | None = getattr(function, "rpc", None)
    if arguments is None:
        raise TypeError(f"{descriptor.full_name}: its servicer method is not marked with @rpc")
    options = options_of(descriptor)
    inline = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    mode = Mode.INLINE if inline else Mode.READ if options.reads else Mode.WRITE
    method = _method(descriptor, options, function, mode, arguments)
    if mode is not Mode.WRITE:
        if method.has_request_id:
            raise TypeError(f"{descriptor.full_name} takes a request_id: only a synchronous write can honour it")
        if method.audited:
            raise TypeError(f"{descriptor.full_name} has AUDIT_RUNTIME: only a synchronous write can be audited so")
        if arguments.prepare is not None:
            raise TypeError(f"{descriptor.full_name} has @rpc(prepare=...): only a synchronous write takes it")
    return method


def _foreign(descriptor: MethodDescriptor, function: Callable[..., Any]) -> Method:
    return _method(descriptor, options_of(descriptor), function, Mode.FOREIGN, Rpc())


def _method(
    descriptor: MethodDescriptor, options: CallOptions, function: Callable[..., Any], mode: Mode, arguments: Rpc
) -> Method:
    return Method(
        descriptor=descriptor,
        options=options,
        path=path_of(descriptor),
        service=descriptor.containing_service.full_name,
        name=descriptor.name,
        response_class=message_factory.GetMessageClass(descriptor.output_type),
        client_streaming=descriptor.client_streaming,
        server_streaming=descriptor.server_streaming,
        has_request_id=not descriptor.client_streaming and "request_id" in descriptor.input_type.fields_by_name,
        function=function,
        mode=mode,
        rpc=arguments,
    )
