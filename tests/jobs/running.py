"""Operations, leases and worker processes for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from groundswell_server.jobs import execution
from groundswell_server.jobs.lease import Lease
from groundswell_server.jobs.peer_loop import PeerLoop
from groundswell_server.jobs.registry import JobFunction
from groundswell_server.settings import load
from groundswell_storage.database import Database
from groundswell_storage.jobs import leases, operations
from groundswell_storage.jobs.operations import Operation

ROOT = Path(__file__).parent.parent.parent
LONG = timedelta(minutes=5)


def ask(database: Database, kind: str = "tiny.echo", request: str = "", workspace: str = "default") -> Operation:
    """Asks for work, as a service does."""
    with database.scope(workspace, "ann") as scope:
        return operations.create(scope, kind, request.encode())


def take(database: Database, length: timedelta = LONG) -> Lease:
    """Takes what waits, as a worker does; the lease is not kept up yet."""
    with database.transaction():
        claimed = leases.claim(database, length)
    assert claimed is not None
    return Lease(database, claimed, length)


def run(database: Database, lease: Lease, function: JobFunction, peer_socket: str = "", **settings: Any) -> bool:
    """Runs a job as a worker does that finds the suite's services at `peer_socket`, or nowhere."""
    given = load(**settings)
    with PeerLoop(given, database, peer_socket) as peer_loop:
        return execution.run(lease, function, database, given, peer_loop)


def look(database: Database, operation: Operation) -> Operation:
    """The operation as it stands."""
    with database.scope(operation.workspace) as scope:
        return operations.get(scope, operation.id)


def lapse(database: Database, operation: Operation) -> None:
    """Lets the lease of a running operation lapse, as time would, and the next worker notice."""
    with database.transaction():
        database.execute("UPDATE operation SET lease_expire_time = 0 WHERE id = ?", (operation.id,))
    with database.transaction():
        leases.reap(database)


@contextmanager
def worker_process(database_url: str, **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process; ended at the end of the block if it still runs then."""
    environment = {f"GROUNDSWELL_{name.upper()}": str(value) for name, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.worker_process"],
        cwd=ROOT,
        env={**os.environ, "GROUNDSWELL_DATABASE_URL": database_url, **environment},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait(30)
