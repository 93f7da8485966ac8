"""Where a stream is and whether a failure ends it: what streams for threads and for asyncio have in common."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from random import random
from typing import Any, Generic, Protocol, TypeVar, cast

from google.protobuf.message import Message

from groundswell._patience import PATIENCE, Outage, Patience
from groundswell.errors import GroundswellError

Res = TypeVar("Res", bound=Message)
Received = TypeVar("Received", covariant=True)


class OpenStream(Protocol[Received]):
    """One connection of a stream for threads, as grpc hands it out."""

    def __next__(self) -> Received: ...

    def cancel(self) -> object: ...


class OpenAsyncStream(Protocol[Received]):
    """One connection of a stream for asyncio. `read` gives `grpc.aio.EOF` at the end."""

    def read(self) -> Awaitable[Received | object]: ...

    def cancel(self) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamTerms:
    """What a stream is to know of its call. Times are in seconds."""

    request_id: str
    """Names the call in logs and errors."""
    cursor: str | None = None
    """Where to begin; None for a stream that can't resume."""
    lifetime: float | None = None
    """How long one connection may last; None for ever."""
    timeout: float | None = None
    """When the whole stream ends, as the caller asked; None for never."""
    patience: Patience = PATIENCE


class Course(Generic[Res]):
    """Where a stream is, and whether a failure ends it. What the two kinds of stream have in common; does no I/O."""

    def __init__(self, terms: StreamTerms) -> None:
        self.request_id = terms.request_id
        self.cursor = terms.cursor
        self._lifetime = terms.lifetime
        self._end = None if terms.timeout is None else time.monotonic() + terms.timeout
        self._opened = 0.0
        self._outage = Outage(terms.patience, random)

    def open_at(self, now: float) -> tuple[str, float | None]:
        """Notes the time of a new connection; gives the cursor to open it after and the seconds it may last."""
        self._opened = now
        limits = [limit for limit in (self._lifetime, self._end and max(self._end - now, 0.0)) if limit is not None]
        return self.cursor or "", min(limits, default=None)

    def receive(self, message: Res) -> bool:
        """Notes a message. False when it only tells a cursor and is not for the caller."""
        if self.cursor is None:
            return True
        self._outage.answered()
        self.cursor = cast("str", cast("Any", message).cursor) or self.cursor
        return not _is_bookmark(message)

    def wait_after(self, error: GroundswellError, now: float) -> float | None:
        """Seconds until the stream is to be opened again; None when the failure is the caller's to see."""
        if self.cursor is None:
            return None
        wait = self._outage.wait_after(error, self._opened, now)
        return None if wait is None or (self._end is not None and now + wait >= self._end) else wait


def _is_bookmark(message: Message) -> bool:
    """True when a message has alternatives and none is set: it only tells how far the stream is.

    A kind of change that this version of the SDK does not know looks the same, and is passed over.
    """
    alternatives = [each for each in message.DESCRIPTOR.oneofs if not each.name.startswith("_")]
    return bool(alternatives) and all(message.WhichOneof(each.name) is None for each in alternatives)


def task_is_cancelled() -> bool:
    """True when somebody cancels this task: grpc.aio raises CancelledError also when a channel is closed."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
