"""Jobs small enough to watch: what a worker process of the tests can do."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from google.protobuf.wrappers_pb2 import StringValue

from groundswell_server.jobs.job import Job
from groundswell_server.jobs.registry import Periodic
from groundswell_server.settings import Settings
from groundswell_storage.database import Database
from groundswell_storage.errors import Cancelled
from groundswell_storage.events import events
from tests.patience import eventually

EFFECT = "tiny.effect"
"""Topic of the event that a job or schedule publishes when it has its effect."""


def echo(job: Job) -> StringValue:
    """Answers what it was asked."""
    return StringValue(value=job.request.decode())


def wait_for_file(job: Job) -> StringValue:
    """Says in the folder of its request that it runs, goes on when `go` is there, and has its effect with its end."""
    folder = Path(job.request.decode())
    (folder / f"attempt-{job.attempt}").write_text(str(os.getpid()))

    def may_go() -> bool:
        job.progress(50, "waiting")
        return (folder / "go").exists()

    eventually(may_go, within_seconds=100)
    answer = StringValue(value=f"attempt {job.attempt}")
    with job.scope() as scope:
        scope.publish(EFFECT, job.operation_id, {"attempt": job.attempt})
        job.complete(scope, answer)
    return answer


def never_look_up(job: Job) -> StringValue:
    """The same without ever asking whether it should end; and it goes on after it was told to."""
    folder = Path(job.request.decode())
    (folder / f"attempt-{job.attempt}").write_text(str(os.getpid()))
    eventually((folder / "go").exists, within_seconds=100)
    try:
        with job.scope() as scope:
            scope.publish(EFFECT, job.operation_id, {"attempt": job.attempt})
    except Cancelled as error:
        (folder / "refused").write_text(error.message)
        raise
    return StringValue(value=f"attempt {job.attempt}")


def count_run(database: Database, settings: Settings) -> None:
    """The effect of a schedule."""
    with database.scope("default") as scope:
        scope.publish(EFFECT, "schedule", {"pid": os.getpid()})


def effects(database: Database) -> int:
    """How often anything here had its effect."""
    return len(events.read_after(database, events.START, topics=[EFFECT]))


JOBS = {"tiny.echo": echo, "tiny.wait_for_file": wait_for_file, "tiny.never_look_up": never_look_up}
PERIODIC = (Periodic("tiny.count_run", timedelta(days=1), count_run),)
