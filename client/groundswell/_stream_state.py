"""The state of a resumable stream, shared by the streams for threads and for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from random import random
from typing import Any, Generic, Protocol, TypeVar, cast

from google.protobuf.message import Message

from groundswell._backoff import DEFAULT_BACKOFF, Backoff, BackoffPolicy
from groundswell.errors import GroundswellError

Res = TypeVar("Res", bound=Message)
Received = TypeVar("Received", covariant=True)


class OpenStream(Protocol[Received]):
    """One connection of a stream for threads, as grpc returns it."""

    def __next__(self) -> Received: ...

    def cancel(self) -> object: ...


class OpenAsyncStream(Protocol[Received]):
    """One connection of a stream for asyncio. `read` returns `grpc.aio.EOF` at the end."""

    def read(self) -> Awaitable[Received | object]: ...

    def cancel(self) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """Options of a stream. Times are in seconds."""

    request_id: str
    """Identifies the call in logs and errors."""
    cursor: str | None = None
    """Cursor to start after; None for a stream that can't resume."""
    lifetime: float | None = None
    """Longest life of one connection; None for no limit."""
    timeout: float | None = None
    """Timeout of the whole stream, as the caller gave it; None for none."""
    backoff: BackoffPolicy = DEFAULT_BACKOFF


class StreamState(Generic[Res]):
    """Position of a stream, and the decision whether a failure ends it. Does no I/O."""

    def __init__(self, options: StreamOptions) -> None:
        self.request_id = options.request_id
        self.cursor = options.cursor
        self._lifetime = options.lifetime
        self._end = None if options.timeout is None else time.monotonic() + options.timeout
        self._opened = 0.0
        self._backoff = Backoff(options.backoff, random)

    def open_at(self, now: float) -> tuple[str, float | None]:
        """Records a new connection. Returns the cursor to open it after and its longest life in seconds."""
        self._opened = now
        limits = [limit for limit in (self._lifetime, self._end and max(self._end - now, 0.0)) if limit is not None]
        return self.cursor or "", min(limits, default=None)

    def receive(self, message: Res) -> bool:
        """Records a message. Returns False when it carries only a cursor and is not for the caller."""
        if self.cursor is None:
            return True
        self._backoff.answered()
        self.cursor = cast("str", cast("Any", message).cursor) or self.cursor
        return not _is_bookmark(message)

    def wait_after(self, error: GroundswellError, now: float) -> float | None:
        """Returns the seconds until the stream is reopened, or None when the failure is to be raised."""
        if self.cursor is None:
            return None
        wait = self._backoff.wait_after(error, self._opened, now)
        return None if wait is None or (self._end is not None and now + wait >= self._end) else wait


def _is_bookmark(message: Message) -> bool:
    """True when a message has alternatives and none is set, so that it carries only a cursor.

    A kind of change that this version of the SDK does not know looks the same and is skipped.
    """
    alternatives = [each for each in message.DESCRIPTOR.oneofs if not each.name.startswith("_")]
    return bool(alternatives) and all(message.WhichOneof(each.name) is None for each in alternatives)


def task_is_cancelled() -> bool:
    """True when this task is being cancelled: grpc.aio also raises CancelledError when a channel is closed."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
