"""A call under way: its caller, its workspace, and its access to the database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Concatenate, ParamSpec, TypeVar

import grpc.aio

from groundswell_server.runtime.methods import Method
from groundswell_storage.access.keys import ALL_SCOPES
from groundswell_storage.errors import GroundswellError
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.ids import uuid7
from groundswell_storage.scope import Scope

P = ParamSpec("P")
T = TypeVar("T")

Clock = Callable[[], datetime]
Metadata = tuple[tuple[str, str | bytes], ...]
Handler = Callable[[Any, "Call"], Awaitable[Any]]
"""Handles a call: it takes the request, or an iterator of requests for a client stream, and returns the response, or
nothing for a server stream, which sends its responses through the call."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of a call."""

    workspace: str
    """The workspace to which it has access; never taken from a request."""
    role: str
    """reader, writer, agent, operator or admin; anonymous before authentication."""
    actor: str
    """Id of its API key, as it appears in events and the audit log."""
    scopes: frozenset[str]
    """The scopes of its key, such as `learning.read`; EVERY_SCOPE when only the role limits it."""


EVERY_SCOPE = frozenset({ALL_SCOPES})
ANONYMOUS = Principal(workspace="", role="anonymous", actor="anonymous", scopes=frozenset())


class Call:
    """The context of a call for its handler."""

    __slots__ = (
        "_clock",
        "_executor",
        "_request_id",
        "_sending",
        "_task",
        "context",
        "ended_by",
        "metadata",
        "method",
        "once",
        "principal",
    )

    def __init__(
        self,
        method: Method,
        context: grpc.aio.ServicerContext[Any, Any],
        metadata: Metadata,
        executor: DatabaseExecutor,
        clock: Clock,
    ) -> None:
        self.method = method
        self.context = context
        self.metadata = metadata
        self.principal = ANONYMOUS
        self._request_id = ""
        self.once: Callable[[Scope, Callable[[Scope], Any]], Any] | None = None
        """Set by the idempotency stage: runs the work unless it was done before."""
        self._executor = executor
        self._clock = clock
        self._task = asyncio.current_task()
        self._sending = False
        self.ended_by: GroundswellError | None = None
        """The reason for which it ends early."""

    @property
    def request_id(self) -> str:
        """Its id in logs and errors: the id from the caller, or an id that is created at the first use."""
        if not self._request_id:
            self._request_id = uuid7()
        return self._request_id

    @request_id.setter
    def request_id(self, id: str) -> None:
        self._request_id = id

    @property
    def workspace(self) -> str:
        """The workspace of the caller."""
        return self.principal.workspace

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self._clock()

    def header(self, name: str) -> str:
        """Returns a metadata value of the call; empty when it was not sent."""
        for key, value in self.metadata:
            if key == name:
                return value if isinstance(value, str) else value.decode("utf-8", "replace")
        return ""

    def read(self, work: Callable[Concatenate[Scope, P], T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Runs `work(scope, ...)`, which must change nothing, on the database executor."""
        return self._executor.read(partial(self._in_scope, work, args, kwargs))

    def write(self, work: Callable[Concatenate[Scope, P], T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        """Runs `work(scope, ...)` on the database executor in one transaction. Returns when it is durable."""
        return self._executor.write(partial(self._in_scope, work, args, kwargs))

    async def send(self, response: Any) -> None:
        """Sends one message of a stream. Waits while the caller reads more slowly than messages are sent."""
        self._sending = True
        try:
            await self.context.write(response)
        except grpc.aio.InternalError as error:
            # gRPC reports a caller that disconnected during a write in this way.
            raise asyncio.CancelledError from error
        finally:
            self._sending = False
        if self.ended_by is not None:
            raise asyncio.CancelledError

    def end(self, error: GroundswellError) -> None:
        """Ends the call by cancelling it, after a message that is being sent: gRPC allows one write at a time."""
        self.ended_by = error
        if self._task is not None and not self._sending:
            self._task.cancel()

    def _in_scope(self, work: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        scope = Scope(self._executor.database, self.principal.workspace, self.principal.actor, self._clock())
        if self.once is not None:
            return self.once(scope, lambda inner: work(inner, *args, **kwargs))  # type: ignore[no-any-return]
        return work(scope, *args, **kwargs)
