"""The interface of what sends calls; `_channel_invoker` implements it over a channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from groundswell._methods import Metadata, Method, Req, Res
from groundswell.streams import AsyncStream, Stream


class Invoker(Protocol):
    """Sends calls. Only its implementation knows the channel, credentials, deadlines and retries.

    `timeout` is in seconds, None for the default of the call. Every method raises the errors of `groundswell.errors`.
    """

    def unary(
        self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None
    ) -> Res: ...

    def server_stream(
        self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None
    ) -> Stream[Res]: ...

    def client_stream(
        self, method: Method[Req, Res], requests: Iterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> Res: ...

    def bidi(
        self, method: Method[Req, Res], requests: Iterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> Stream[Res]: ...


class AsyncInvoker(Protocol):
    """Sends calls, for asyncio."""

    async def unary(
        self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None
    ) -> Res: ...

    def server_stream(
        self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None
    ) -> AsyncStream[Res]: ...

    async def client_stream(
        self, method: Method[Req, Res], requests: AsyncIterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> Res: ...

    def bidi(
        self, method: Method[Req, Res], requests: AsyncIterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> AsyncStream[Res]: ...
