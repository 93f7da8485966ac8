"""PeerLoop for work: in the caller's transaction, and workers are woken after it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from groundswell_server.jobs.queue import JobQueue
from groundswell_server.jobs.wakeups import WakeUps
from groundswell_server.settings import load
from groundswell_storage.database import Database
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.jobs import operations
from groundswell_storage.jobs.operations import Operation
from groundswell_storage.scope import Scope
from tests.jobs.running import look


@pytest.fixture
def queue(database: Database) -> JobQueue:
    return JobQueue(database, load(job_max_attempts=5))


@pytest.fixture
async def executor(database: Database, queue: JobQueue) -> AsyncIterator[DatabaseExecutor]:
    """An executor whose events the queue follows, as in a server."""
    executor = DatabaseExecutor(database)
    feed = EventFeed(executor)
    await feed.start()
    following = asyncio.create_task(queue.run(feed))
    yield executor
    await feed.close()
    await following
    await asyncio.to_thread(executor.close)


def test_work_is_asked_for_with_the_settings_of_the_deployment(database: Database, queue: JobQueue) -> None:
    with database.scope("default", "ann") as scope:
        asked = queue.start(scope, "tiny.echo", StringValue(value="hello"))
    found = look(database, asked)
    assert (found.kind, found.state, found.max_attempts) == ("tiny.echo", "PENDING", 5)
    assert StringValue.FromString(found.request).value == "hello"


def test_work_of_a_transaction_that_fails_was_never_asked_for(database: Database, queue: JobQueue) -> None:
    def fail() -> None:
        with database.scope("default") as scope:
            queue.start(scope, "tiny.echo", b"")
            raise RuntimeError("the call fails after all")

    with pytest.raises(RuntimeError):
        fail()
    with database.scope("default") as scope:
        assert operations.list_operations(scope).items == []


async def test_a_worker_is_woken_after_the_commit(
    database: Database, queue: JobQueue, executor: DatabaseExecutor
) -> None:
    def start() -> Operation:
        return queue.start(Scope(database, "default", "ann", datetime.now(UTC)), "tiny.echo", b"")

    wake_ups = WakeUps(database.url)
    assert not wake_ups.wait(0.01)
    await executor.write(start)
    assert await asyncio.to_thread(wake_ups.wait, 60)
    wake_ups.close()


async def test_work_asked_for_by_another_process_wakes_a_worker_too(
    database: Database, queue: JobQueue, executor: DatabaseExecutor
) -> None:
    with database.scope("default") as scope:
        queue.start(scope, "tiny.echo", b"")
    wake_ups = WakeUps(database.url)
    assert await asyncio.to_thread(wake_ups.wait, 60)
    wake_ups.close()


def test_a_queue_out_of_reach_disturbs_no_call(database: Database) -> None:
    JobQueue(database, load(jobs_url="redis://127.0.0.1:1/0")).wake()


def test_a_server_that_never_starts_a_job_never_imports_the_library_of_the_queue() -> None:
    code = "import sys, groundswell_server.jobs.queue; sys.exit('huey' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
