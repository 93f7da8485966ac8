"""The messages that a caller streams to the server, from an iterator that may fail."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import Message

Item = TypeVar("Item", bound=Message)


class Cancellable(Protocol):
    """A call that can be cancelled."""

    def cancel(self) -> Any: ...


class RequestStream(Generic[Item]):
    """The messages of a caller's iterator. Keeps an error of the iterator and cancels the call.

    grpc would only log the error, and would treat it as the end of the stream.
    """

    def __init__(self, messages: Iterator[Item]) -> None:
        self._messages = messages
        self._call: Cancellable | None = None
        self._known = threading.Event()
        self.error: Exception | None = None

    def feeds(self, call: Cancellable) -> None:
        """Sets the call that receives the messages."""
        self._call = call
        self._known.set()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        try:
            return next(self._messages)
        except StopIteration:
            raise
        except Exception as error:
            self.error = error
            self._known.wait()
            if self._call is not None:
                self._call.cancel()
            raise StopIteration from None


class AsyncRequestStream(Generic[Item]):
    """The messages of a caller's iterator, for asyncio. grpc.aio cancels the call itself but drops the error."""

    def __init__(self, messages: AsyncIterator[Item]) -> None:
        self._messages = messages
        self.error: Exception | None = None

    def __aiter__(self) -> AsyncIterator[Item]:
        return self

    async def __anext__(self) -> Item:
        try:
            return await anext(self._messages)
        except StopAsyncIteration:
            raise
        except Exception as error:
            self.error = error
            raise
