"""The lease of a worker on an operation: a thread renews it during the work, and notices when the work has to end."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from enum import Enum
from types import TracebackType
from typing import Self

import structlog

from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases, operations
from groundswell_storage.scope import Scope

_CHECK_SECONDS = 0.5
"""Time until a request to cancel is noticed."""
_RENEWALS_PER_LEASE = 4

log = structlog.get_logger(__name__)


class Stop(Enum):
    """The reason for which work has to end before it is done."""

    CANCEL = "it was cancelled"
    LOST = "the lease lapsed, and another worker may have the operation"
    SHUTDOWN = "the worker shuts down"


class Lease:
    """Holds an operation for this worker while the `with` block runs.

    A thread renews the lease and checks for a request to cancel. When the database is unreachable until the lease has
    lapsed by this machine's clock, the lease counts as lost: another worker may hold the operation by then.
    """

    def __init__(self, database: Database, operation: operations.Operation, length: timedelta) -> None:
        self.operation = operation
        self.length = length
        self._database = database
        self._stop: Stop | None = None
        self._held_until = time.monotonic() + length.total_seconds()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_ended, name="groundswell-lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def stop(self) -> Stop | None:
        """The reason to end the work, or None while it may continue."""
        return self._stop

    def end_for(self, reason: Stop) -> None:
        """Has the work end. A lost lease outranks the other reasons, because nothing may be written without it."""
        if self._stop is None or reason is Stop.LOST:
            self._stop = reason

    def check(self) -> None:
        """Raises Cancelled when the work has to end."""
        if self._stop is not None:
            raise errors.Cancelled(f"the job was stopped: {self._stop.value}", reason="CANCELLED")

    def renew(self) -> None:
        """Renews the lease in the caller's transaction, which holds the operation until it ends.

        Raises Aborted (`LEASE_LOST`) when this worker no longer has it.
        """
        renewed = time.monotonic()
        try:
            cancel = leases.renew(self._database, self.operation.id, self.operation.lease_token, self.length)
        except errors.Aborted:
            self.end_for(Stop.LOST)
            raise
        self._held_until = renewed + self.length.total_seconds()
        if cancel:
            self.end_for(Stop.CANCEL)

    def _renew_until_ended(self) -> None:
        self._database.bind()
        interval = self.length.total_seconds() / _RENEWALS_PER_LEASE
        due = time.monotonic() + interval
        while not self._ended.wait(min(_CHECK_SECONDS, interval)):
            try:
                if time.monotonic() < due:
                    self._check_row()
                else:
                    with self._database.transaction():
                        self.renew()
                    due = time.monotonic() + interval
            except (errors.Aborted, errors.NotFound):
                self.end_for(Stop.LOST)
            except Exception as error:
                log.warning("lease not renewed", operation=self.operation.id, error=str(error))
                self._database.drop_connection()
            if time.monotonic() > self._held_until:
                self.end_for(Stop.LOST)
        self._database.drop_connection()

    def _check_row(self) -> None:
        scope = Scope(self._database, self.operation.workspace, self.operation.actor, datetime.now(UTC))
        found = operations.get(scope, self.operation.id)
        if found.lease_token != self.operation.lease_token:
            self.end_for(Stop.LOST)
        elif found.cancel_requested:
            self.end_for(Stop.CANCEL)
