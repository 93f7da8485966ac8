"""One run of one operation: the job's function, and the record of its end in the operations table."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from google.protobuf.message import Message

from groundswell_server.jobs.job import Job, Postponed, packed
from groundswell_server.jobs.lease import Lease, Stop
from groundswell_server.jobs.peer_loop import PeerLoop
from groundswell_server.jobs.registry import JobFunction
from groundswell_server.runtime.errors import code_of
from groundswell_server.settings import Settings
from groundswell_storage import errors
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases
from groundswell_storage.jobs.operations import Operation

_RETRY_SECONDS = 0.5
"""Time between two attempts to record the end of a run."""

Record = Callable[[], Operation]
log = structlog.get_logger(__name__)


def run(lease: Lease, function: JobFunction, database: Database, settings: Settings, peer_loop: PeerLoop) -> bool:
    """Runs the job and records its end.

    Returns True when the next operation may be taken at once, False when this one waits for another run.
    """
    operation = lease.operation
    # A job that waits for a rate limit runs again and again: only its first run belongs in the log.
    log_run = log.info if operation.due is None else log.debug
    log_run("job started", operation=operation.id, kind=operation.kind, attempt=operation.attempt)
    started = time.monotonic()
    with lease:
        state = _run(lease, function, Job(lease, database, settings, peer_loop))
    seconds = round(time.monotonic() - started, 3)
    if state == "PENDING":
        log_run("job waits", operation=operation.id, seconds=seconds)
        return False
    log.info("job ended", operation=operation.id, state=state, seconds=seconds)
    return True


def _run(lease: Lease, function: JobFunction, job: Job) -> str:
    """Returns the state of the operation after the run."""
    database = job.database
    try:
        response = function(job)
    except BaseException as error:  # SystemExit too: no job may end the worker
        record = _failure(lease, database, error)
    else:
        record = _success(lease.operation, database, response)
    return "SUCCEEDED" if job.completed else _record_end(record, database, lease)


def _success(operation: Operation, database: Database, response: Message) -> Record:
    response_bytes, response_type = packed(response)
    return lambda: leases.succeed(database, operation.id, operation.lease_token, response_bytes, response_type)


def _failure(lease: Lease, database: Database, error: BaseException) -> Record:
    id, token = lease.operation.id, lease.operation.lease_token
    if isinstance(error, errors.Cancelled):
        if lease.stop is Stop.SHUTDOWN:
            return lambda: leases.release(database, id, token)
        return lambda: leases.cancelled(database, id, token)
    if isinstance(error, Postponed):
        wait, message = error.wait, error.message
        return lambda: leases.postpone(database, id, token, wait, message)
    if not isinstance(error, errors.GroundswellError):
        log.error("job failed", operation=id, kind=lease.operation.kind, request_id=id, exc_info=error)
        message = f"an unforeseen error; the worker's log has it under request id {id}"
        error = errors.GroundswellError(message, metadata={"request_id": id})
    failure = error
    return lambda: leases.fail(
        database,
        id,
        token,
        code=code_of(failure).name,
        reason=failure.reason,
        message=failure.message,
        metadata=failure.metadata,
        # The request is valid: the same work may succeed a little later.
        retry=isinstance(failure, errors.Unavailable | errors.Aborted),
    )


def _record_end(record: Record, database: Database, lease: Lease) -> str:
    """Records the end, repeatedly while the database is unreachable and the lease holds. Returns the state."""
    while lease.stop is not Stop.LOST:
        try:
            with database.transaction():
                return record().state
        except errors.Aborted as error:
            if error.reason == "LEASE_LOST":
                break
            time.sleep(_RETRY_SECONDS)
        except errors.Unavailable as error:
            log.warning("the end of the job is not recorded yet", operation=lease.operation.id, error=error.message)
            time.sleep(_RETRY_SECONDS)
    log.warning("lease lost; the result of this run is discarded", operation=lease.operation.id)
    return "LOST"


def release(lease: Lease, database: Database, *, within: timedelta) -> None:
    """Releases an operation whose function does not return, just before the process ends.

    Runs on a separate thread, because the working thread may hold the database. When it takes longer than `within`,
    the lease lapses instead.
    """
    operation = lease.operation

    def give_up_lease() -> None:
        try:
            with database.transaction():
                leases.release(database, operation.id, operation.lease_token)
        except errors.GroundswellError as error:
            log.warning("operation not released", operation=operation.id, error=error.message)

    thread = threading.Thread(target=give_up_lease, daemon=True)
    thread.start()
    thread.join(within.total_seconds())
