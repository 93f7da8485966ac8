"""Streams from the server as iterators that can be closed, and that go on by themselves where the contract lets them.

A call whose request and response both have a `cursor` resumes: when the connection is lost, the stream opens a new
one after the last cursor it has seen, so that nothing is missed and nothing comes twice.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from groundswell._request_stream import AsyncRequestStream, RequestStream
from groundswell._status_conversion import from_rpc_error
from groundswell._stream_state import OpenAsyncStream, OpenStream, StreamOptions, StreamState, task_is_cancelled
from groundswell.errors import Cancelled, GroundswellError

Res = TypeVar("Res", bound=Message)


class Stream(Generic[Res]):
    """Messages of the server, for threads. The stream ends when the server ends it or any thread closes it.

    Iterating raises the errors of `groundswell.errors` and nothing else.

    >>> from groundswell import Client
    >>> with Client() as client, client.engagement.watch_engagement() as changes:
    ...     [change.post.caption for change in changes]
    ['Sunrise', 'Sunset']
    >>> changes.cursor
    '2'
    """

    def __init__(
        self,
        connect: Callable[[str, float | None], OpenStream[Res]],
        options: StreamOptions,
        source: RequestStream[Any] | None = None,
    ) -> None:
        """`connect` opens the stream after a cursor and for a number of seconds; `source` has the caller's messages."""
        self._connect = connect
        self._source = source
        self._state: StreamState[Res] = StreamState(options)
        self._closed = threading.Event()
        # The stream opens here, not with the first message, so that no change from now on is missed.
        self._call: OpenStream[Res] | None = self._open()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} after cursor {self.cursor!r}>" if self.cursor else f"<{type(self).__name__}>"

    @property
    def cursor(self) -> str:
        """Position of the stream, from which a later call resumes. Empty for a stream that can't resume."""
        return self._state.cursor or ""

    def __iter__(self) -> Iterator[Res]:
        return self

    def __next__(self) -> Res:
        while not self._closed.is_set():
            came = self._receive()
            if isinstance(came, GroundswellError):
                self._recover(came)
            elif came is not None:
                return came
        raise StopIteration

    def close(self) -> None:
        """Ends the stream, also for a thread that waits for its next message."""
        self._closed.set()
        if self._call is not None:
            self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> OpenStream[Res]:
        return self._connect(*self._state.open_at(time.monotonic()))

    def _receive(self) -> Res | GroundswellError | None:
        """Returns the next message, a failure, or None at the end and for a message that is not for the caller."""
        if self._call is None:
            self._call = self._open()
            if self._closed.is_set():  # by another thread, while this one connected
                self._call.cancel()
        try:
            message = next(self._call)
        except grpc.RpcError as error:
            return from_rpc_error(error, self._state.request_id)
        except StopIteration:
            self.close()
            return None
        return message if self._state.receive(message) else None

    def _recover(self, error: GroundswellError) -> None:
        """Waits until the stream is to be reopened. Raises when it can't be, unless the caller closed it."""
        if self._closed.is_set():
            return
        self._call = None
        wait = self._state.wait_after(error, time.monotonic())
        if wait is None:
            self._closed.set()
            raise (self._source and self._source.error) or error
        self._closed.wait(wait)


class AsyncStream(Generic[Res]):
    """Messages of the server, for asyncio. The stream ends when the server ends it or it is closed.

    Iterating raises the errors of `groundswell.errors`; a cancelled task sees `asyncio.CancelledError` as usual.
    """

    def __init__(
        self,
        connect: Callable[[str, float | None], OpenAsyncStream[Res]],
        options: StreamOptions,
        source: AsyncRequestStream[Any] | None = None,
    ) -> None:
        """`connect` opens the stream after a cursor and for a number of seconds; `source` has the caller's messages."""
        self._connect = connect
        self._source = source
        self._state: StreamState[Res] = StreamState(options)
        self._closed = asyncio.Event()
        self._call: OpenAsyncStream[Res] | None = self._open()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} after cursor {self.cursor!r}>" if self.cursor else f"<{type(self).__name__}>"

    @property
    def cursor(self) -> str:
        """Position of the stream, from which a later call resumes. Empty for a stream that can't resume."""
        return self._state.cursor or ""

    def __aiter__(self) -> AsyncIterator[Res]:
        return self

    async def __anext__(self) -> Res:
        while not self._closed.is_set():
            came = await self._receive()
            if isinstance(came, GroundswellError):
                await self._recover(came)
            elif came is not None:
                return came
        raise StopAsyncIteration

    async def close(self) -> None:
        """Ends the stream, also for a task that waits for its next message."""
        self._closed.set()
        if self._call is not None:
            self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _open(self) -> OpenAsyncStream[Res]:
        return self._connect(*self._state.open_at(time.monotonic()))

    async def _receive(self) -> Res | GroundswellError | None:
        """As `Stream._receive`."""
        if self._call is None:
            self._call = self._open()
        try:
            message = await self._call.read()
        except grpc.RpcError as error:
            return from_rpc_error(error, self._state.request_id)
        except asyncio.CancelledError:
            if self._closed.is_set():
                return None
            if task_is_cancelled():
                self._let_go()
                raise
            return Cancelled("the connection was closed")
        if message is grpc.aio.EOF:
            await self.close()
            return None
        return cast("Res", message) if self._state.receive(cast("Res", message)) else None

    def _let_go(self) -> None:
        """Drops the connection, which was cancelled with the task, as by `wait_for(anext(stream), 1)`.

        A resumable stream opens another connection for its next message.
        """
        self._call = None
        if self._state.cursor is None:
            self._closed.set()

    async def _recover(self, error: GroundswellError) -> None:
        """As `Stream._recover`."""
        if self._closed.is_set():
            return
        self._call = None
        wait = self._state.wait_after(error, time.monotonic())
        if wait is None:
            self._closed.set()
            raise (self._source and self._source.error) or error
        try:
            await asyncio.wait_for(self._closed.wait(), wait)
        except TimeoutError:
            return
