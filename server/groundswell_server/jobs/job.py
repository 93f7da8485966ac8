"""What a job's function is given: its request, its ways to the database and to other services, and to tell progress."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import structlog
from google.protobuf.message import Message

from groundswell_server.jobs.lease import Lease, Stop
from groundswell_server.jobs.peer_loop import PeerLoop
from groundswell_server.peers.peers import OnBehalf
from groundswell_server.runtime.call import Principal
from groundswell_server.settings import Settings
from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases
from groundswell_storage.scope import Scope

_PROGRESS_SECONDS = 1.0
"""Progress is written no more often than this: each write is a commit and an event."""
_TYPE_URL_PREFIX = "type.googleapis.com/"

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Postponed(Exception):
    """Raised by a job's function that has to wait long: what it did stays, and another run goes on after the wait.

    The worker does other work meanwhile, and the wait outlives it.
    """

    def __init__(self, wait: timedelta, message: str) -> None:
        """`message` says for people what it waits for."""
        super().__init__(message)
        self.wait = wait
        self.message = message


class Job:
    """One run of an operation. It belongs to the thread that runs the job's function."""

    def __init__(self, lease: Lease, database: Database, settings: Settings, peer_loop: PeerLoop) -> None:
        operation = lease.operation
        self.operation_id = operation.id
        self.kind = operation.kind
        self.request = operation.request
        """The serialized request."""
        self.workspace = operation.workspace
        self.actor = operation.actor
        """Who asked for it: an API key's id."""
        self.attempt = operation.attempt
        """1 in the first run; more after a worker was lost or the job asked for another try."""
        self.settings = settings
        self.database = database
        self.peers = peer_loop.peers
        """The suite's other services, for coroutines that `wait_for` runs; their stubs are to be taken in there too."""
        self.random = Random(operation.id)  # noqa: S311 - for reproducible results, not for secrets
        """Chance that is the same in every attempt at this operation."""
        self.completed = False
        """Whether `complete` has been called and its transaction committed."""
        self._peer_loop = peer_loop
        self._lease = lease
        self._in_transaction = False
        self._completing = False
        self._next_write = time.monotonic() + _PROGRESS_SECONDS

    def reading(self) -> Scope:
        """A scope outside any transaction, for reads: it keeps nobody waiting, however long they take."""
        return Scope(self.database, self.workspace, self.actor, datetime.now(UTC), random=self.random)

    @contextmanager
    def scope(self) -> Iterator[Scope]:
        """A transaction that only the holder of the operation can commit; keep it short.

        Raises Cancelled when another worker has the operation, or when cancel was asked for. Work that is told to end
        because the worker shuts down may still finish here: the transaction is the step that counts.
        """
        self._check_hold()
        with self.database.scope(self.workspace, self.actor, random=self.random) as scope:
            # The renewal is the fence: from here to the commit nobody else can take the operation.
            self._hold()
            self._in_transaction = True
            try:
                yield scope
            finally:
                self._in_transaction = False
        self.completed = self._completing

    def complete(self, scope: Scope, response: Message) -> None:
        """Ends the operation in the transaction of `scope`, so that a job's last change and its success are one.

        Without it a worker killed between the two would make the change again. The function returns the response
        afterwards all the same.
        """
        leases.succeed(scope.database, self.operation_id, self._lease.operation.lease_token, *packed(response))
        self._completing = True

    def acting_as(self, role: str, *scopes: str) -> OnBehalf:
        """Returns the caller of the job's calls to peers: the job's starter, with this role and these scopes only.

        Choose the least role and scopes that the contract requires for the calls (`groundswell.v1.call`).
        """
        return OnBehalf(Principal(self.workspace, role, self.actor, frozenset(scopes)), self.operation_id)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine that asks peers, and returns or raises what comes of it.

        Never inside a transaction, which would keep others waiting for a peer: RuntimeError.
        """
        if self._in_transaction:
            work.close()
            raise RuntimeError("peers are not asked inside a transaction")
        return self._peer_loop.wait_for(work)

    def progress(self, progress_pct: float, message: str = "") -> None:
        """Says how far the work is, 0 to 100, and what it does now. Cheap: call it often.

        Raises Cancelled when the work has to end: cancel was asked for, the lease was lost, the worker shuts down.
        """
        self._lease.check()
        if self._in_transaction or time.monotonic() < self._next_write:
            return
        self._next_write = time.monotonic() + _PROGRESS_SECONDS
        operation = self._lease.operation
        try:
            with self.database.transaction():
                if leases.progress(self.database, operation.id, operation.lease_token, progress_pct, message):
                    self._lease.end_for(Stop.CANCEL)
        except errors.Aborted:
            self._lease.end_for(Stop.LOST)
        except errors.Unavailable as error:
            # Hours of work are worth more than a figure; if this lasts, the lease will say so.
            log.warning("progress not written", operation=operation.id, error=error.message)
        self._lease.check()

    def _hold(self) -> None:
        try:
            self._lease.renew()
        except errors.Aborted:
            self._lease.check()
            raise
        self._check_hold()

    def _check_hold(self) -> None:
        if self._lease.stop not in (None, Stop.SHUTDOWN):
            self._lease.check()


def packed(response: Message) -> tuple[bytes, str]:
    """A message as an operation keeps it: serialized, and the type URL that an Any needs."""
    return response.SerializeToString(), _TYPE_URL_PREFIX + response.DESCRIPTOR.full_name
