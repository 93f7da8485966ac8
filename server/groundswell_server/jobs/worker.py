"""The worker process: it takes operations from the table and runs their jobs, one at a time.

It has four threads: the main thread handles signals, lapsed leases and periodic jobs; a second one runs the job; a
third one renews the lease meanwhile; a fourth one calls the other services (`peer_loop.py`). The worker is niced and
computes on one core, because servers on the same machine come first.
"""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta

import structlog

from groundswell_server.bootstrap.database import migrate, open_database
from groundswell_server.bootstrap.shutdown_signals import ShutdownSignals
from groundswell_server.jobs import execution
from groundswell_server.jobs.lease import Lease, Stop
from groundswell_server.jobs.peer_loop import PeerLoop
from groundswell_server.jobs.periodic import HOUSEKEEPING, Timekeeper
from groundswell_server.jobs.registry import Registry
from groundswell_server.jobs.wakeups import WakeUps
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases

_POLL_SECONDS = 1.0
"""Time between polls for work without a wake-up."""
_TICK_SECONDS = 0.5
_RELEASE = timedelta(seconds=5)
_NICENESS = 10
_THREADS_OF_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

log = structlog.get_logger(__name__)


def run_worker(settings: Settings, registry: Registry | None = None, *, peer_socket: str = "") -> int:
    """Runs jobs until SIGTERM or SIGINT and returns the exit code. Call it on the main thread.

    A job under way at the signal has the grace period to end. After that its operation is released, without the attempt
    being counted, and the process exits at once. Raises SettingsError, and Unavailable for an unreachable database,
    before the first operation is taken. `peer_socket` is as in `Peers`.
    """
    lower_priority()
    database = open_database(settings, application="groundswell-worker")
    migrate(database)
    with PeerLoop(settings, database, peer_socket) as peer_loop:
        return Worker(database, settings, registry or Registry(), peer_loop).run()


def lower_priority() -> None:
    """Makes the process nice and limits it to one core, in favour of servers. Call it before NumPy is imported.

    Linear algebra on every core makes a training slower, not faster (the threads wait for each other by spinning), and
    delays the calls of a server on the same machine. Environment variables that are set already keep their values.
    """
    os.nice(max(0, _NICENESS - os.nice(0)))
    for variable in _THREADS_OF_LIBRARIES:
        os.environ.setdefault(variable, "1")


class Worker:
    """One worker process."""

    def __init__(self, database: Database, settings: Settings, registry: Registry, peer_loop: PeerLoop) -> None:
        self._peer_loop = peer_loop
        self._database = database
        self._settings = settings
        self._registry = registry
        self._grace_seconds = settings.grace_seconds
        self._lease = timedelta(seconds=settings.job_lease_seconds)
        jobs_url = settings.jobs_url.get_secret_value() if settings.jobs_url else None
        self._wake_ups = WakeUps(database.url, jobs_url)
        self._timekeeper = Timekeeper(database, settings, (*HOUSEKEEPING, *registry.periodic))
        self._ending = threading.Event()
        self._current: Lease | None = None
        self._thread = threading.Thread(target=self._work, name="groundswell-job", daemon=True)

    def run(self) -> int:
        """Runs jobs until a signal arrives. Returns the exit code."""
        with ShutdownSignals() as signals:
            self._thread.start()
            log.info("worker ready", pid=os.getpid(), kinds=len(self._registry.kinds))
            while not signals.wait(_TICK_SECONDS):
                if not self._thread.is_alive():
                    return 1
                if waiting := self._timekeeper.tick():
                    self._wake(waiting)
            return self._end(signals)

    def _end(self, signals: ShutdownSignals) -> int:
        """Gives the job under way its grace period, which a second signal ends."""
        log.info("worker ends", grace_seconds=self._grace_seconds)
        self._ending.set()
        if (lease := self._current) is not None:
            lease.end_for(Stop.SHUTDOWN)
        deadline = time.monotonic() + self._grace_seconds
        while self._thread.is_alive() and time.monotonic() < deadline:
            if signals.wait(0.05):
                break
        if self._thread.is_alive():
            if (lease := self._current) is not None:
                execution.release(lease, self._database, within=_RELEASE)
            # A thread cannot be stopped from outside; its open resources end with the process.
            os._exit(0)
        return 0

    def _work(self) -> None:
        """Takes and runs operations until the worker ends; the body of the working thread."""
        self._database.bind()
        try:
            while not self._ending.is_set():
                if not self._take_all():
                    self._ending.wait(_POLL_SECONDS)
                elif not self._ending.is_set():
                    self._wait()
        except BaseException:
            log.exception("worker failed")
        finally:
            self._database.drop_connection()
            self._wake_ups.close()

    def _take_all(self) -> bool:
        """Runs the waiting operations one after the other. Returns False when a pause is due before the next."""
        try:
            while not self._ending.is_set() and leases.is_waiting(self._database, self._registry.kinds):
                if (lease := self._claim()) is None:
                    break
                if not self._run(lease):
                    return False
        except Exception as error:
            log.warning("operations cannot be read", error=str(error))
            self._database.drop_connection()
            return False
        finally:
            self._current = None
        return True

    def _run(self, lease: Lease) -> bool:
        function = self._registry.find(lease.operation.kind)
        return execution.run(lease, function, self._database, self._settings, self._peer_loop)

    def _claim(self) -> Lease | None:
        with self._database.transaction():
            claimed = leases.claim(self._database, self._lease, kinds=self._registry.kinds)
        if claimed is None:
            return None
        lease = self._current = Lease(self._database, claimed, self._lease)
        if self._ending.is_set():
            # The signal may have arrived before the main thread could see this lease.
            lease.end_for(Stop.SHUTDOWN)
        return lease

    def _wait(self) -> None:
        try:
            self._wake_ups.wait(_POLL_SECONDS)
        except Exception as error:
            log.warning("wake-ups cannot be read", error=str(error))
            self._ending.wait(_POLL_SECONDS)

    def _wake(self, times: int) -> None:
        """Wakes other workers for operations of lost workers, because this worker may be busy itself."""
        try:
            for _ in range(times):
                self._wake_ups.send()
        except Exception as error:
            log.warning("workers not woken; they poll instead", error=str(error))
