"""Invokers that send calls over a channel, with credentials, deadline, request id and typed errors."""

from __future__ import annotations

import asyncio
import math
import threading
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from groundswell._connections import Connection, checked_metadata
from groundswell._methods import Metadata, Method, Req, Res
from groundswell._policies import DEFAULT_TIMEOUT, CallPolicy, channel_config, policy_of
from groundswell._request_stream import AsyncRequestStream, RequestStream
from groundswell._status_conversion import from_rpc_error
from groundswell._stream_state import StreamOptions, task_is_cancelled
from groundswell.errors import Cancelled, FailedPrecondition, GroundswellError, Unknown
from groundswell.streams import AsyncStream, Stream
from groundswell.v1.services import services

REQUEST_ID = "x-request-id"
"""Metadata that identifies a call in the logs of client and server."""

CLOSED = "the client is closed"


class _CallDefaults:
    """Deadlines and metadata of calls, derived once from the contract and the connection."""

    def __init__(self, connection: Connection) -> None:
        called = services().values()
        self.connection = connection
        self.config = channel_config(called)
        self._authorization = (("authorization", f"Bearer {connection.api_key}"),) if connection.api_key else ()
        self._policies: Mapping[str, CallPolicy] = {
            f"/{service.full_name}/{method.name}": policy_of(method) for service in called for method in service.methods
        }

    def timeout(self, path: str, asked: float | None) -> float | None:
        """Returns the seconds for a call, or None for no limit, which only `math.inf` requests."""
        if asked is not None:
            return None if asked == math.inf else asked
        policy = self._policies.get(path)
        return (policy.timeout if policy else DEFAULT_TIMEOUT).total_seconds()

    def stream(
        self, method: Method[Any, Any], request_id: str, asked: float | None, cursor: str | None
    ) -> StreamOptions:
        """The terms of a stream. For one that resumes, the time a caller asks for is that of all its connections."""
        if not method.resumes:
            return StreamOptions(request_id=request_id, lifetime=self.timeout(method.path, asked))
        lifetime = self.timeout(method.path, None)
        total = None if asked == math.inf else asked
        return StreamOptions(request_id=request_id, cursor=cursor, lifetime=lifetime, timeout=total)

    def metadata(self, given: Metadata | None, request: Message | None = None) -> tuple[Metadata, str]:
        """Returns the metadata to send, and the request id in it.

        The request id is the caller's, else the `request_id` of the request, else a new one. A change whose answer was
        lost can therefore be repeated under the request id of the error.
        """
        own = checked_metadata(given) if given else ()
        named = next((str(value) for key, value in own if key == REQUEST_ID), "")
        request_id = named or getattr(request, "request_id", "") or str(uuid.uuid4())
        added = self._authorization if named else (*self._authorization, (REQUEST_ID, request_id))
        return (*added, *own), request_id


class ChannelInvoker:
    """Sends calls over one channel, for threads. The channel opens with the first call."""

    def __init__(self, connection: Connection) -> None:
        self._defaults = _CallDefaults(connection)
        self._opening = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._closed = False
        self._callables: dict[str, Any] = {}

    def close(self) -> None:
        """Closes the channel. Calls in flight end as cancelled, later calls are refused."""
        with self._opening:
            self._closed = True
            if self._channel is not None:
                self._channel.close()

    def unary(self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None) -> Res:
        send = self._callable("unary_unary", method)
        sent, request_id = self._defaults.metadata(metadata, request)
        try:
            return cast("Res", send(request, timeout=self._defaults.timeout(method.path, timeout), metadata=sent))
        except grpc.RpcError as error:
            failure = from_rpc_error(error, request_id)
        except ValueError as error:
            failure = self._explain(error)
        raise failure

    def server_stream(
        self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None
    ) -> Stream[Res]:
        sent, request_id = self._defaults.metadata(metadata)

        def connect(cursor: str, seconds: float | None) -> Any:
            send = self._callable("unary_stream", method)
            try:
                return send(_after(method, request, cursor), timeout=seconds, metadata=sent)
            except ValueError as error:
                failure = self._explain(error)
            raise failure

        return Stream(connect, self._defaults.stream(method, request_id, timeout, _cursor(method, request)))

    def client_stream(
        self, method: Method[Req, Res], requests: Iterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> Res:
        send = self._callable("stream_unary", method)
        sent, request_id = self._defaults.metadata(metadata)
        source = RequestStream(requests)
        failure: Exception
        try:
            call = send.future(source, timeout=self._defaults.timeout(method.path, timeout), metadata=sent)
        except ValueError as error:
            failure = self._explain(error)
        else:
            source.feeds(call)
            try:
                return cast("Res", call.result())
            except (grpc.RpcError, grpc.FutureCancelledError):
                failure = source.error or from_rpc_error(call, request_id)
            finally:
                call.cancel()  # has no effect on a finished call; ends an interrupted one
        raise failure

    def bidi(
        self, method: Method[Req, Res], requests: Iterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> Stream[Res]:
        send = self._callable("stream_stream", method)
        sent, request_id = self._defaults.metadata(metadata)
        source = RequestStream(requests)

        def connect(_: str, seconds: float | None) -> Any:
            call = send(source, timeout=seconds, metadata=sent)
            source.feeds(call)
            return call

        return Stream(connect, self._defaults.stream(method, request_id, timeout, None), source)

    def _explain(self, error: ValueError) -> GroundswellError:
        """Returns the error for a ValueError of grpc, which it raises when another thread closes the channel."""
        return FailedPrecondition(CLOSED) if self._closed else Unknown(str(error))

    def _callable(self, shape: str, method: Method[Any, Any]) -> Any:
        known = self._callables.get(method.path)
        if known is not None and not self._closed:
            return known
        with self._opening:
            if self._closed:
                raise FailedPrecondition(CLOSED)
            if self._channel is None:
                self._channel = self._defaults.connection.open(self._defaults.config)
            return self._callables.setdefault(method.path, _bind(self._channel, shape, method))


class AsyncChannelInvoker:
    """Sends calls over one channel, for one event loop. The channel opens with the first call."""

    def __init__(self, connection: Connection) -> None:
        self._defaults = _CallDefaults(connection)
        self._channel: grpc.aio.Channel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._callables: dict[str, Any] = {}

    async def close(self) -> None:
        """Closes the channel. Calls in flight end as cancelled, later calls are refused."""
        self._closed = True
        if self._channel is not None:
            await self._channel.close(None)

    async def unary(
        self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None
    ) -> Res:
        send = self._callable("unary_unary", method)
        sent, request_id = self._defaults.metadata(metadata, request)
        try:
            return cast("Res", await send(request, timeout=self._defaults.timeout(method.path, timeout), metadata=sent))
        except grpc.RpcError as error:
            failure = from_rpc_error(error, request_id)
        except asyncio.CancelledError:
            if not self._is_cut_off():
                raise
            failure = Cancelled("the client was closed")
        raise failure

    def server_stream(
        self, method: Method[Req, Res], request: Req, timeout: float | None, metadata: Metadata | None
    ) -> AsyncStream[Res]:
        sent, request_id = self._defaults.metadata(metadata)

        def connect(cursor: str, seconds: float | None) -> Any:
            send = self._callable("unary_stream", method)
            return send(_after(method, request, cursor), timeout=seconds, metadata=sent)

        return AsyncStream(connect, self._defaults.stream(method, request_id, timeout, _cursor(method, request)))

    async def client_stream(
        self, method: Method[Req, Res], requests: AsyncIterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> Res:
        send = self._callable("stream_unary", method)
        sent, request_id = self._defaults.metadata(metadata)
        source = AsyncRequestStream(requests)
        failure: Exception
        try:
            return cast("Res", await send(source, timeout=self._defaults.timeout(method.path, timeout), metadata=sent))
        except grpc.RpcError as error:
            failure = from_rpc_error(error, request_id)
        except asyncio.CancelledError:
            if source.error is None and not self._is_cut_off():
                raise
            failure = source.error or Cancelled("the client was closed")
        raise failure

    def bidi(
        self, method: Method[Req, Res], requests: AsyncIterator[Req], timeout: float | None, metadata: Metadata | None
    ) -> AsyncStream[Res]:
        send = self._callable("stream_stream", method)
        sent, request_id = self._defaults.metadata(metadata)
        source = AsyncRequestStream(requests)

        def connect(_: str, seconds: float | None) -> Any:
            return send(source, timeout=seconds, metadata=sent)

        return AsyncStream(connect, self._defaults.stream(method, request_id, timeout, None), source)

    def _is_cut_off(self) -> bool:
        """True when closing the client ended a call, which grpc.aio reports as a cancelled task."""
        return self._closed and not task_is_cancelled()

    def _callable(self, shape: str, method: Method[Any, Any]) -> Any:
        if self._closed:
            raise FailedPrecondition(CLOSED)
        loop = asyncio.get_running_loop()
        if self._channel is None:
            self._channel, self._loop = self._defaults.connection.open_async(self._defaults.config), loop
        if loop is not self._loop:
            raise FailedPrecondition(
                "an AsyncClient belongs to the event loop of its first call: create another client for this loop"
            )
        known = self._callables.get(method.path)
        if known is not None:
            return known
        return self._callables.setdefault(method.path, _bind(self._channel, shape, method))


def _bind(channel: Any, shape: str, method: Method[Any, Any]) -> Any:
    """Returns the callable of grpc for a method. `shape` is one of the four kinds of call."""
    return getattr(channel, shape)(
        method.path,
        request_serializer=method.request_type.SerializeToString,
        response_deserializer=method.response_type.FromString,
    )


def _cursor(method: Method[Req, Res], request: Req) -> str | None:
    return cast("str", cast("Any", request).cursor) if method.resumes else None


def _after(method: Method[Req, Res], request: Req, cursor: str) -> Req:
    """Returns a copy of `request` with the cursor to resume after."""
    if not method.resumes or not cursor:
        return request
    resumed = method.request_type()
    resumed.CopyFrom(request)
    cast("Any", resumed).cursor = cursor
    return resumed
