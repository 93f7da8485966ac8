"""A stage: the deadline of a call, and a bound for calls without one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from groundswell_server.runtime.call import Call, Handler
from groundswell_server.runtime.methods import Method
from groundswell_storage.errors import DeadlineExceeded

CHECK_EVERY_SECONDS = 1.0


class Deadlines:
    """Bounds calls without a deadline; streams may stay open.

    When the caller set a deadline, gRPC itself cancels the handler's task when it passes, and work that still waits for
    the database is dropped. For the others one check a second is enough, and costs a call a hundredth of a timer.
    """

    def __init__(self, longest: timedelta, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._longest_seconds = longest.total_seconds()
        self._monotonic = monotonic
        self._started: dict[asyncio.Task[Any], float] = {}
        self._stopped: set[asyncio.Task[Any]] = set()

    def stage(self, method: Method, proceed: Handler) -> Handler:
        """Refuses calls that arrive after their deadline, and records the start of those without one."""
        if method.streaming:
            return proceed
        started, monotonic = self._started, self._monotonic

        async def handler(request: Any, call: Call) -> Any:
            remaining = call.context.time_remaining()
            if remaining is not None:
                if remaining <= 0:
                    raise DeadlineExceeded("the deadline had passed when the call arrived", reason="DEADLINE_EXCEEDED")
                return await proceed(request, call)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # grpc.aio runs every handler in one
            started[task] = monotonic()
            try:
                return await proceed(request, call)
            except asyncio.CancelledError:
                self._explain(task)
                raise
            finally:
                del started[task]
                self._stopped.discard(task)

        return handler

    async def run(self) -> None:
        """Ends calls that run too long, as long as the server runs."""
        while True:
            await asyncio.sleep(CHECK_EVERY_SECONDS)
            self.stop_overdue()

    def stop_overdue(self) -> None:
        """Ends the calls that have run longer than the bound."""
        latest = self._monotonic() - self._longest_seconds
        for task in [task for task, began in self._started.items() if began < latest]:
            self._stopped.add(task)
            task.cancel()

    def _explain(self, task: asyncio.Task[Any]) -> None:
        if task in self._stopped:
            seconds = self._longest_seconds
            raise DeadlineExceeded(
                f"the call had no deadline and was stopped after {seconds:g} s", reason="DEADLINE_EXCEEDED"
            )
