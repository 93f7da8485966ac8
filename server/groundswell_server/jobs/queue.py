"""The queue of long-running work: services `start` an operation in the call's transaction, and workers are woken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from google.protobuf.message import Message

from groundswell_server.events.event_consumers import consume
from groundswell_server.settings import Settings
from groundswell_storage.audit import audit
from groundswell_storage.database import Database
from groundswell_storage.events.topics import OPERATION_CHANGED
from groundswell_storage.jobs import operations
from groundswell_storage.jobs.operations import Operation
from groundswell_storage.scope import Scope

if TYPE_CHECKING:
    from groundswell_server.jobs.wakeups import WakeUps
    from groundswell_storage.events.events import Event
    from groundswell_storage.events.feed import EventFeed

log = structlog.get_logger(__name__)


class JobQueue:
    """Starts long-running work. Costs nothing until the first wake-up, which imports the queue's library."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database_url = database.url
        self._jobs_url = settings.jobs_url.get_secret_value() if settings.jobs_url else None
        self._max_attempts = settings.job_max_attempts
        self._lock = threading.Lock()
        self._opened: WakeUps | None = None

    def start(self, scope: Scope, kind: str, request: Message | bytes) -> Operation:
        """Starts an operation of a kind such as `learning.train_model`, in the caller's transaction.

        Nothing happens unless that commits. `run` wakes workers for it; they also poll every second. It is on the audit
        log.
        """
        serialized = request if isinstance(request, bytes) else request.SerializeToString()
        operation = operations.create(scope, kind, serialized, max_attempts=self._max_attempts)
        audit.record(scope, "operation.started", f"operations/{operation.id}", after={"kind": kind})
        return operation

    def wake(self, times: int = 1) -> None:
        """Wakes workers, one each time; blocks for milliseconds. Never raises, because workers also poll."""
        with self._lock:
            try:
                if self._opened is None:
                    from groundswell_server.jobs.wakeups import WakeUps

                    self._opened = WakeUps(self._database_url, self._jobs_url)
                for _ in range(times):
                    self._opened.send()
            except Exception as error:
                log.warning("workers not woken; they poll instead", error=str(error))

    async def run(self, feed: EventFeed) -> None:
        """Wakes workers whenever any process has committed an operation that waits."""

        async def wake(events: Sequence[Event]) -> None:
            waiting = sum(event.payload.get("state") == "PENDING" for event in events)
            if waiting:
                await asyncio.to_thread(self.wake, waiting)

        await consume(feed, (OPERATION_CHANGED,), wake)
