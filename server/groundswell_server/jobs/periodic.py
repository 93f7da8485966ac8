"""Periodic jobs of the suite itself, and the timekeeper that runs these and the periodic jobs of the areas."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta

import structlog

from groundswell_server.bootstrap.master_key import master_key
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings
from groundswell_storage import errors
from groundswell_storage.access import secrets
from groundswell_storage.audit import audit_chain
from groundswell_storage.calls import idempotency
from groundswell_storage.database import Database
from groundswell_storage.events import events
from groundswell_storage.jobs import leases, schedules

_MAX_CHECK_SECONDS = 60.0
_REAPS_PER_LEASE = 4

log = structlog.get_logger(__name__)


def purge_request_ids(database: Database, settings: Settings) -> None:
    """Deletes stored answers to repeated calls once they have expired."""
    with database.transaction():
        idempotency.purge(database, database.now())


def purge_events(database: Database, settings: Settings) -> None:
    """Deletes events beyond the retention; a stream with an older cursor is refused (`CURSOR_EXPIRED`)."""
    with database.transaction():
        events.purge(database, timedelta(days=settings.event_retention_days), database.now())


def seal_audit(database: Database, settings: Settings) -> None:
    """Seals the entries of the audit log since the last seal."""
    if not audit_chain.any_unsealed(database):
        return
    key = secrets.deployment_secret(database, audit_chain.KEY, secrets.Sealer(master_key(settings)))
    sealed = audit_chain.BATCH_ENTRIES
    while sealed == audit_chain.BATCH_ENTRIES:
        with database.transaction():
            sealed = audit_chain.seal(database, key)


HOUSEKEEPING = (
    Periodic("jobs.purge_request_ids", timedelta(minutes=10), purge_request_ids),
    Periodic("jobs.purge_events", timedelta(hours=1), purge_events),
    Periodic("jobs.seal_audit", timedelta(minutes=1), seal_audit),
)


class Timekeeper:
    """Runs jobs that are due. Every worker has one; the row of the schedule decides which worker runs a job."""

    def __init__(self, database: Database, settings: Settings, jobs: Sequence[Periodic]) -> None:
        self._database = database
        self._settings = settings
        self._lease_seconds = settings.job_lease_seconds
        self._jobs = jobs
        self._next_checks: dict[str, float] = {}
        """Time of the next check by name, on the monotonic clock."""

    def tick(self) -> int:
        """Checks once. Returns the number of operations that wait again because their worker was lost. Never raises."""
        for job in self._jobs:
            if self._may_be_due(job.name, min(job.every.total_seconds(), _MAX_CHECK_SECONDS)):
                self._run(job)
        if self._may_be_due("", self._lease_seconds / _REAPS_PER_LEASE):
            return self._reap()
        return 0

    def _may_be_due(self, name: str, every_seconds: float) -> bool:
        """Returns True when the next query of the database is due, which is not at every tick."""
        now = time.monotonic()
        if now < self._next_checks.get(name, 0.0):
            return False
        self._next_checks[name] = now + every_seconds
        return True

    def _run(self, job: Periodic) -> None:
        try:
            if not job.exclusive or self._claim(job):
                log.debug("periodic job", name=job.name)
                job.run(self._database, self._settings)
        except errors.GroundswellError as error:
            log.warning("periodic job failed", name=job.name, error=error.message)
            self._database.drop_connection()
        except Exception:
            log.exception("periodic job failed", name=job.name)
            self._database.drop_connection()

    def _claim(self, job: Periodic) -> bool:
        with self._database.transaction():
            return schedules.claim_due(self._database, job.name, job.every)

    def _reap(self) -> int:
        try:
            with self._database.transaction():
                reaped = leases.reap(self._database)
        except errors.GroundswellError as error:
            log.warning("lapsed leases not reaped", error=error.message)
            return 0
        for operation in reaped:
            log.warning("worker lost", operation=operation.id, kind=operation.kind, now=operation.state)
        return sum(operation.state == "PENDING" for operation in reaped)
