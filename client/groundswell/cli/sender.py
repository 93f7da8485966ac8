"""Sends calls that are known by their descriptors only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from groundswell._service_client import ServiceClient

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from groundswell import Client


class Sender(ServiceClient):
    """Sends any call of the contract with the deadlines, retries and request ids of the SDK."""

    def __init__(self, client: Client, timeout: float | None) -> None:
        """`timeout` is in seconds; None takes the default of each call."""
        from groundswell.v1.services import services

        services()  # the types that an operation may hold have to be known before it can be printed
        super().__init__(client._invoker())
        self._timeout = timeout

    def unary(self, method: Any, request: Message) -> Message:
        """The response to one request."""
        response: Message = self._unary(method, request, {}, self._timeout, None)
        return response

    def pages(self, method: Any, request: Message) -> Iterator[Message]:
        """The items of all pages."""
        return iter(self._page(method, request, {}, self._timeout, None))

    def operation(self, method: Any, request: Message, *, wait: bool) -> Message:
        """The operation that a call began, or with `wait` its result, with the progress on stderr."""
        handle = self._operation(method, request, {}, self._timeout, None)
        return handle.result(progress=True) if wait else handle.operation

    def server_stream(self, method: Any, request: Message) -> Iterator[Message]:
        """The messages of the server."""
        return iter(self._server_stream(method, request, {}, self._timeout, None))

    def client_stream(self, method: Any, requests: Iterator[Message]) -> Message:
        """The response to many requests."""
        response: Message = self._client_stream(method, requests, self._timeout, None)
        return response

    def bidi(self, method: Any, requests: Iterator[Message]) -> Iterator[Message]:
        """The messages of the server while requests are sent."""
        return iter(self._bidi(method, requests, self._timeout, None))
