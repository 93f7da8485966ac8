"""What a call is before anybody makes one: the method as the contract and the servicer describe it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import MethodType
from typing import Any, TypeVar

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

Function = TypeVar("Function", bound=Callable[..., Any])
Preparation = Callable[[Any, Any, Any], Awaitable[Any]]
"""`async (servicer, request, call)`."""


class Mode(Enum):
    """Where a servicer method runs."""

    READ = "read"
    """`(self, request, scope) -> response`, synchronous, whole on the database executor; changes nothing."""
    WRITE = "write"
    """The same in one transaction, together with the record of its `request_id`."""
    INLINE = "inline"
    """`async (self, request, call)`, a coroutine or a generator on the event loop: cached answers and streams."""
    FOREIGN = "foreign"
    """`async (self, request, context)` as grpc.aio defines it: health, reflection, channelz."""


def read(function: Function) -> Function:
    """Marks a servicer method that only reads the database."""
    function.mode = Mode.READ  # type: ignore[attr-defined]
    return function


def write(function: Function) -> Function:
    """Marks a servicer method that changes the database."""
    function.mode = Mode.WRITE  # type: ignore[attr-defined]
    return function


def waits(function: Function) -> Function:
    """Marks an inline method that waits for something to happen: a server that ends does not wait for it."""
    function.waits = True  # type: ignore[attr-defined]
    return function


def audits_itself(function: Function) -> Function:
    """Marks a write whose domain puts its change on the audit log, with what was before and after."""
    function.audited = False  # type: ignore[attr-defined]
    return function


def ingests(function: Function) -> Function:
    """Marks a write that takes in what is counted, which is not on the audit log."""
    function.audited = False  # type: ignore[attr-defined]
    return function


def needs(module: str) -> Callable[[Function], Function]:
    """Marks a read or a write with a module that comes with heavy libraries.

    It is imported beside the event loop before the first such call goes to the database, so that nobody else's call
    waits for it there.
    """

    def mark(function: Function) -> Function:
        function.needs = module  # type: ignore[attr-defined]
        return function

    return mark


def after(preparation: Preparation) -> Callable[[Function], Function]:
    """Marks a write with a coroutine function that is awaited on the event loop before it.

    For what the database's thread must not wait for. What it returns is the method's third argument; what it raises
    refuses the call, a repeated one too.
    """

    def mark(function: Function) -> Function:
        function.preparation = preparation  # type: ignore[attr-defined]
        return function

    return mark


def accepted_by(accepts: Callable[[Any], bool]) -> Callable[[Function], Function]:
    """Marks a servicer method with the check that may spare its requests the rules."""

    def mark(function: Function) -> Function:
        function.fast_accept = accepts  # type: ignore[attr-defined]
        return function

    return mark


@dataclass(frozen=True, slots=True, eq=False)
class Method:
    """One call of one service."""

    descriptor: MethodDescriptor
    """The call as the contract says it."""
    path: str
    """`/package.Service/Call`, as it stands on the wire."""
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

    @property
    def waits(self) -> bool:
        """True for a call that waits for something to happen, and may as well wait on another server."""
        return bool(getattr(self.function, "waits", False))

    @property
    def audited(self) -> bool:
        """True for a write that the runtime puts on the audit log."""
        return self.mode is Mode.WRITE and bool(getattr(self.function, "audited", True))

    @property
    def needs(self) -> str:
        """The module that has to be imported before the call; empty for none."""
        return str(getattr(self.function, "needs", ""))

    @property
    def preparation(self) -> Callable[[Any, Any], Awaitable[Any]] | None:
        """What is awaited with the request and the call before the function runs, if anything is."""
        found: Preparation | None = getattr(self.function, "preparation", None)
        return None if found is None else MethodType(found, getattr(self.function, "__self__", None))

    @property
    def streaming(self) -> bool:
        """True unless one request gets one response."""
        return self.client_streaming or self.server_streaming


def path_of(descriptor: MethodDescriptor) -> str:
    """`/package.Service/Call`, as the call stands on the wire."""
    return f"/{descriptor.containing_service.full_name}/{descriptor.name}"


def methods_of(service: ServiceDescriptor, servicer: object, *, foreign: bool = False) -> Iterator[Method]:
    """The methods of a service with the servicer's functions. A call without a function is a fault of the build."""
    for descriptor in service.methods:
        function = getattr(servicer, descriptor.name, None)
        if function is None:
            raise TypeError(f"{type(servicer).__name__} does not implement {descriptor.full_name}")
        mode = Mode.FOREIGN if foreign else getattr(function, "mode", Mode.INLINE)
        yield _method(descriptor, function, mode)


def _method(descriptor: MethodDescriptor, function: Callable[..., Any], mode: Mode) -> Method:
    has_request_id = not descriptor.client_streaming and "request_id" in descriptor.input_type.fields_by_name
    if has_request_id and mode is not Mode.WRITE:
        raise TypeError(f"{descriptor.full_name} takes a request_id: only @write keeps its promise")
    return Method(
        descriptor=descriptor,
        path=path_of(descriptor),
        service=descriptor.containing_service.full_name,
        name=descriptor.name,
        response_class=message_factory.GetMessageClass(descriptor.output_type),
        client_streaming=descriptor.client_streaming,
        server_streaming=descriptor.server_streaming,
        has_request_id=has_request_id,
        function=function,
        mode=mode,
    )
