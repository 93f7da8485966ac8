"""The argument of a job's function: its request, access to the database and other services, and progress reports."""

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
"""The minimum time between two writes of the progress: each is a commit and an event."""
_TYPE_URL_PREFIX = "type.googleapis.com/"

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Postponed(Exception):
    """Raised by a job's function that has to wait for long: another run continues after the wait.

    The worker does other work meanwhile, and the wait survives a restart of the worker.
    """

    def __init__(self, wait: timedelta, message: str) -> None:
        """`message` describes the wait for people."""
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
        """Id of the API key that started it."""
        self.attempt = operation.attempt
        """1 in the first run; higher after a worker was lost or the job was retried."""
        self.settings = settings
        self.database = database
        self.peers = peer_loop.peers
        """The other services, for coroutines that `wait_for` runs. Take their stubs inside the coroutine too."""
        self.random = Random(operation.id)  # noqa: S311 - for reproducible results, not for secrets
        """A random generator that repeats its numbers in every attempt at this operation."""
        self.completed = False
        """True when `complete` has been called and its transaction has committed."""
        self._peer_loop = peer_loop
        self._lease = lease
        self._in_transaction = False
        self._completing = False
        self._next_write = time.monotonic() + _PROGRESS_SECONDS

    def reading(self) -> Scope:
        """Returns a scope outside any transaction, for reads: however long they take, no other work waits for them."""
        return Scope(self.database, self.workspace, self.actor, datetime.now(UTC), random=self.random)

    @contextmanager
    def scope(self) -> Iterator[Scope]:
        """Opens a transaction that only the holder of the operation can commit; keep it short.

        Raises Cancelled when another worker has the operation, or when its cancellation was requested. A job that is
        stopped because the worker shuts down may still finish its last transaction.
        """
        self._check_hold()
        with self.database.scope(self.workspace, self.actor, random=self.random) as scope:
            # The renewal is the fence: from here to the commit no other worker can take the operation.
            self._hold()
            self._in_transaction = True
            try:
                yield scope
            finally:
                self._in_transaction = False
        self.completed = self._completing

    def complete(self, scope: Scope, response: Message) -> None:
        """Ends the operation in the transaction of `scope`: a job's last change and its success commit together.

        Otherwise the change would be made again after a worker was killed between the two. The job's function returns
        the response in any case.
        """
        leases.succeed(scope.database, self.operation_id, self._lease.operation.lease_token, *packed(response))
        self._completing = True

    def acting_as(self, role: str, *scopes: str) -> OnBehalf:
        """Returns the caller of the job's calls to peers: the job's starter, with this role and these scopes only.

        Choose the least role and scopes that the contract requires for the calls (`groundswell.v1.call`).
        """
        return OnBehalf(Principal(self.workspace, role, self.actor, frozenset(scopes)), self.operation_id)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine that calls peers. Returns its result or raises its error.

        Raises RuntimeError inside a transaction, because other work would wait for the peer.
        """
        if self._in_transaction:
            work.close()
            raise RuntimeError("a job must not call peers inside a transaction")
        return self._peer_loop.wait_for(work)

    def progress(self, progress_pct: float, message: str = "") -> None:
        """Reports the progress, 0 to 100, and the present step. It is cheap: call it often.

        Raises Cancelled when the work has to end: it was cancelled, the lease was lost, or the worker shuts down.
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
            # Hours of work are worth more than a progress report; if this lasts, the lease is lost.
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
    """Returns a message as an operation stores it: serialized, and the type URL that an Any needs."""
    return response.SerializeToString(), _TYPE_URL_PREFIX + response.DESCRIPTOR.full_name
