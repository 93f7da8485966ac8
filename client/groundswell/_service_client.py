"""Base classes of the generated clients."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, cast

from google.longrunning.operations_pb2 import Operation
from google.protobuf.message import Message

from groundswell._invoker import AsyncInvoker, Invoker
from groundswell._methods import Item, Metadata, Method, OperationMethod, PagedMethod, Req, Res, Result
from groundswell.errors import InvalidArgument
from groundswell.message_builder import build
from groundswell.operations import AsyncOperationHandle, OperationHandle
from groundswell.pages import AsyncPager, Page, Pager
from groundswell.streams import AsyncStream, Stream

__all__ = [
    "AsyncOperationHandle",
    "AsyncPager",
    "AsyncServiceClient",
    "AsyncStream",
    "Metadata",
    "Method",
    "OperationHandle",
    "OperationMethod",
    "Page",
    "PagedMethod",
    "Pager",
    "ServiceClient",
    "Stream",
]

Fields = Mapping[str, object]


class ServiceClient:
    """Base class of the generated clients for threads."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker

    def _unary(
        self,
        method: Method[Req, Res],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> Res:
        return self._invoker.unary(method, _request(method, request, fields), timeout, metadata)

    def _page(
        self,
        method: PagedMethod[Req, Res, Item],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> Pager[Item]:
        first = _request(method, request, fields)

        def fetch(page_token: str) -> Page[Item]:
            page_request = _request(method, first, {"page_token": page_token}) if page_token else first
            return _page_of(method, self._invoker.unary(method, page_request, timeout, metadata))

        return Pager(fetch)

    def _operation(
        self,
        method: OperationMethod[Req, Res, Result],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> OperationHandle[Result]:
        response = self._invoker.unary(method, _request(method, request, fields), timeout, metadata)
        return OperationHandle(self._invoker, _operation_of(response), method.result_type)

    def _server_stream(
        self,
        method: Method[Req, Res],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> Stream[Res]:
        return self._invoker.server_stream(method, _request(method, request, fields), timeout, metadata)

    def _client_stream(
        self,
        method: Method[Req, Res],
        requests: Iterable[Req | Fields],
        timeout: float | None,
        metadata: Metadata | None,
    ) -> Res:
        return self._invoker.client_stream(method, _messages(method, requests), timeout, metadata)

    def _bidi(
        self,
        method: Method[Req, Res],
        requests: Iterable[Req | Fields],
        timeout: float | None,
        metadata: Metadata | None,
    ) -> Stream[Res]:
        return self._invoker.bidi(method, _messages(method, requests), timeout, metadata)


class AsyncServiceClient:
    """Base class of the generated clients for asyncio."""

    def __init__(self, invoker: AsyncInvoker) -> None:
        self._invoker = invoker

    async def _unary(
        self,
        method: Method[Req, Res],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> Res:
        return await self._invoker.unary(method, _request(method, request, fields), timeout, metadata)

    def _page(
        self,
        method: PagedMethod[Req, Res, Item],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> AsyncPager[Item]:
        first = _request(method, request, fields)

        async def fetch(page_token: str) -> Page[Item]:
            page_request = _request(method, first, {"page_token": page_token}) if page_token else first
            response: Res = await self._invoker.unary(method, page_request, timeout, metadata)
            return _page_of(method, response)

        return AsyncPager(fetch)

    async def _operation(
        self,
        method: OperationMethod[Req, Res, Result],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> AsyncOperationHandle[Result]:
        response = await self._invoker.unary(method, _request(method, request, fields), timeout, metadata)
        return AsyncOperationHandle(self._invoker, _operation_of(response), method.result_type)

    def _server_stream(
        self,
        method: Method[Req, Res],
        request: Req | None,
        fields: Fields,
        timeout: float | None,
        metadata: Metadata | None,
    ) -> AsyncStream[Res]:
        return self._invoker.server_stream(method, _request(method, request, fields), timeout, metadata)

    async def _client_stream(
        self,
        method: Method[Req, Res],
        requests: Iterable[Req | Fields] | AsyncIterable[Req | Fields],
        timeout: float | None,
        metadata: Metadata | None,
    ) -> Res:
        return await self._invoker.client_stream(method, _async_messages(method, requests), timeout, metadata)

    def _bidi(
        self,
        method: Method[Req, Res],
        requests: Iterable[Req | Fields] | AsyncIterable[Req | Fields],
        timeout: float | None,
        metadata: Metadata | None,
    ) -> AsyncStream[Res]:
        return self._invoker.bidi(method, _async_messages(method, requests), timeout, metadata)


def _request(method: Method[Req, Res], request: Req | None, fields: Fields) -> Req:
    """Returns the request to send: `request` with `fields` replaced, and a new `request_id` where the call takes one.

    The caller's `request` is never changed.
    """
    _check_type(method, request)
    given = {name: value for name, value in fields.items() if value is not None}
    if method.changes and not given.get("request_id") and not getattr(request, "request_id", ""):
        given["request_id"] = str(uuid.uuid4())
    if request is None:
        return build(method.request_type, given)
    if not given:
        return request
    merged = method.request_type()
    merged.CopyFrom(request)
    for name in given:
        merged.ClearField(name)
    merged.MergeFrom(build(method.request_type, given))
    return merged


def _check_type(method: Method[Any, Any], request: object) -> None:
    """Raises InvalidArgument for a request of a wrong type, for which grpc would raise Internal."""
    if request is None or isinstance(request, method.request_type):
        return
    kind = method.request_type.DESCRIPTOR
    fields = f" or its fields by name ({kind.fields[0].name}=...)" if kind.fields else ""
    raise InvalidArgument(f"takes {kind.name}{fields}, not {type(request).__name__} {str(request)[:50]!r}")


def _messages(method: Method[Req, Res], requests: Iterable[Req | Fields]) -> Iterator[Req]:
    _check_several(method, requests)
    return (_message(method, request) for request in requests)


async def _async_messages(
    method: Method[Req, Res], requests: Iterable[Req | Fields] | AsyncIterable[Req | Fields]
) -> AsyncIterator[Req]:
    _check_several(method, requests)
    if isinstance(requests, AsyncIterable):
        async for request in requests:
            yield _message(method, request)
    else:
        for request in requests:
            yield _message(method, request)


def _message(method: Method[Req, Res], request: Req | Fields) -> Req:
    if isinstance(request, Mapping):
        return build(method.request_type, request)
    _check_type(method, request)
    return request


def _check_several(method: Method[Any, Any], requests: object) -> None:
    if isinstance(requests, str | bytes | Mapping | Message):
        kind = method.request_type.DESCRIPTOR.name
        raise InvalidArgument(f"takes an iterable of {kind}, not one {type(requests).__name__}: put it into a list")


def _page_of(method: PagedMethod[Req, Res, Item], response: Message) -> Page[Item]:
    items = cast("Iterable[Item]", getattr(response, method.item_field))
    return Page(tuple(items), cast("str", cast("Any", response).next_page_token))


def _operation_of(response: Message) -> Operation:
    (field,) = response.DESCRIPTOR.fields
    return cast("Operation", getattr(response, field.name))
