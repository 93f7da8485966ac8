"""What a caller streams to the server: messages from an iterator that may fail on the way."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import Message

Item = TypeVar("Item", bound=Message)


class Cancellable(Protocol):
    """A call that can be ended from here."""

    def cancel(self) -> Any: ...


class RequestStream(Generic[Item]):
    """The messages that a caller sends. Keeps an error of the caller's iterator and cancels the call.

    grpc would only log the error, and would take an end of the iterator for the end of the stream.
    """

    def __init__(self, messages: Iterator[Item]) -> None:
        self._messages = messages
        self._call: Cancellable | None = None
        self._known = threading.Event()
        self.error: Exception | None = None

    def feeds(self, call: Cancellable) -> None:
        """Names the call that takes the messages."""
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
    """The same for asyncio, where grpc cancels the call by itself but drops the error."""

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
