"""The database executor: asyncio code reaches the database without blocking the event loop.

A hop to a thread and back costs more than a small query, and a commit more than both. Therefore each thread takes all
waiting work at once: first the reads, answered with one wake-up of the event loop, then the writes in one transaction
(group commit), each within its own savepoint, answered with one wake-up after the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any, Literal, TypeVar

from peewee import PeeweeException

from groundswell_storage import database as databases
from groundswell_storage import errors, failures
from groundswell_storage.database import Database
from groundswell_storage.engines.tracked_database import thread

T = TypeVar("T")
Observer = Callable[[Literal["read", "write"], int, float], None]
"""Called for each batch, on a database thread, with its kind, its size, and its seconds from start to end."""

_ANSWER_EARLY_SECONDS = 0.002
"""Finished reads are answered after this time at the latest, however many wait in the same batch."""


class _Job:
    __slots__ = ("context", "durable", "future", "loop", "work", "writes")

    def __init__(
        self, work: Callable[[], Any], loop: asyncio.AbstractEventLoop, *, writes: bool, durable: bool
    ) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.context = contextvars.copy_context()
        self.writes = writes
        self.durable = durable


_Outcome = tuple[_Job, Any, BaseException | None]


class DatabaseExecutor:
    """Runs work on database threads; `read` and `write` are called on an event loop.

    Work is a function without arguments that uses the tables, normally through a `Scope`. It must have no effect
    outside the database: a write runs a second time, alone, when its batch was rolled back because of other work.
    """

    def __init__(
        self,
        database: Database,
        *,
        threads: int | None = None,
        max_batch: int = 64,
        max_queue: int = 10_000,
        observe: Observer | None = None,
    ) -> None:
        """Starts the threads: as many as the database should have connections, unless given.

        `max_batch`: work that a thread takes at once. `max_queue`: work that waits beyond it is refused with
        ResourceExhausted (`QUEUE_FULL`).
        """
        self.database = database
        self.on_commit: list[Callable[[int], None]] = []
        """Called on the event loop after each committed batch of writes, with the number of events it published."""
        self._max_batch = max_batch
        self._max_queue = max_queue
        self._observe = observe
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"groundswell-database-{number}", daemon=True)
            for number in range(threads or database.pool_size)
        ]
        for worker in self._threads:
            worker.start()

    @property
    def backlog(self) -> int:
        """Number of jobs that wait for a thread."""
        return self._queue.qsize()

    def read(self, work: Callable[[], T]) -> Awaitable[T]:
        """Runs work that changes nothing; a write in it fails. Repeated once when the connection is dead."""
        return self._submit(work, writes=False)

    def write(self, work: Callable[[], T], *, durable: bool = True) -> Awaitable[T]:
        """Runs work in a transaction and returns when it is durable; when the work raises, all of it is undone.

        Work that is not `durable` is committed when it returns, but may be lost with the machine (`Database.begin`).
        """
        return self._submit(work, writes=True, durable=durable)

    def close(self, timeout: float = 10.0) -> None:
        """Finishes waiting work, refuses later work, and closes the threads' connections."""
        self._closed = True
        for _ in self._threads:
            self._queue.put(None)
        deadline = time.monotonic() + timeout
        for worker in self._threads:
            worker.join(max(0.0, deadline - time.monotonic()))

    def _submit(self, work: Callable[[], T], *, writes: bool, durable: bool = True) -> Awaitable[T]:
        if self._closed:
            raise errors.Unavailable("the server is shutting down", reason="SHUTTING_DOWN")
        if self._queue.qsize() >= self._max_queue:
            raise errors.ResourceExhausted(
                "too much work waits for the database", reason="QUEUE_FULL", retry_after=timedelta(seconds=1)
            )
        job = _Job(work, asyncio.get_running_loop(), writes=writes, durable=durable)
        self._queue.put(job)
        return job.future

    def _serve(self) -> None:
        """Runs a database thread until the executor closes."""
        self.database.bind()
        while (first := self._queue.get()) is not None:
            jobs, last = self._take(first)
            reads = [job for job in jobs if not job.writes and not job.future.cancelled()]
            writes = [job for job in jobs if job.writes and not job.future.cancelled()]
            if reads:
                self._timed("read", reads, self._run_reads)
            if writes:
                self._timed("write", writes, self._run_writes)
            # A waiting thread must not keep the callers' objects alive.
            del first, jobs, reads, writes
            if last:
                break
        self.database.drop_connection()

    def _take(self, first: _Job) -> tuple[list[_Job], bool]:
        """Returns this thread's share of the waiting work, in order of arrival, and whether the end was in it."""
        jobs = [first]
        queue = self._queue
        share = min(self._max_batch, -(-(queue.qsize() + 1) // len(self._threads)))
        try:
            while len(jobs) < share:
                job = queue.get_nowait()
                if job is None:
                    return jobs, True
                jobs.append(job)
        except Empty:
            pass
        return jobs, False

    def _timed(self, kind: Literal["read", "write"], jobs: list[_Job], run: Callable[[list[_Job]], None]) -> None:
        started = time.perf_counter()
        try:
            run(jobs)
            if self._observe is not None:
                self._observe(kind, len(jobs), time.perf_counter() - started)
        except BaseException as error:
            # A defect of this file or of the observer must not leave a caller waiting for ever.
            _answer([(job, None, error) for job in jobs])

    def _run_reads(self, jobs: list[_Job]) -> None:
        outcomes: list[_Outcome] = []
        answered = time.perf_counter()
        # If this fails, so will the reads, which report why.
        with contextlib.suppress(PeeweeException):
            self.database.engine.begin_read()
        for position, job in enumerate(jobs):
            outcomes.append(self._read(job))
            if self._gave_up(outcomes, jobs[position + 1 :]):
                break
            now = time.perf_counter()
            if now - answered > _ANSWER_EARLY_SECONDS:
                _answer(outcomes)
                outcomes, answered = [], now
        self.database.engine.end_read()
        _answer(outcomes)

    def _read(self, job: _Job) -> _Outcome:
        database = self.database
        was_open = not database.engine.is_closed()
        try:
            try:
                return job, job.context.run(job.work), None
            except Exception as error:
                if not (was_open and failures.is_disconnect(error)):
                    raise
                # The connection is broken. A read is safe to repeat on a new connection.
                database.drop_connection()
                return job, job.context.run(job.work), None
        except BaseException as error:
            if failures.is_disconnect(error):
                database.drop_connection()
            return job, None, failures.translate(error)

    def _run_writes(self, jobs: list[_Job]) -> None:
        published = thread.published
        outcomes: list[_Outcome] = []
        try:
            databases.begin(self.database, durable=any(job.durable for job in jobs))
        except Exception as error:
            meant = failures.translate(error)
            outcomes.append((jobs[0], None, meant))
            if not self._gave_up(outcomes, jobs[1:]):
                outcomes += [(job, None, meant) for job in jobs[1:]]
            _answer(outcomes)
            return
        try:
            outcomes, again = self._commit_together(jobs)
        except failures.CommitUnknown as error:
            outcomes, again = [(job, None, error) for job in jobs], []
        except BaseException:
            # The database has nothing of the batch, and the cause does not matter: each write is tried again alone.
            again = jobs
        for position, job in enumerate(again):
            outcomes.append(self._commit_alone(job))
            if self._gave_up(outcomes, again[position + 1 :]):
                break
        _answer(outcomes, self.on_commit, thread.published - published)

    def _commit_together(self, jobs: list[_Job]) -> tuple[list[_Outcome], list[_Job]]:
        """Runs and commits all jobs. Returns the outcome of each, and those that have to be tried again alone.

        Raises when nothing was committed and each has to be tried again.
        """
        database = self.database
        outcomes: list[_Outcome] = []
        again: list[_Job] = []
        # The savepoint of the only member is the transaction itself.
        savepoints = _Savepoints(database) if len(jobs) > 1 else None
        try:
            for job in jobs:
                if savepoints is not None:
                    savepoints.next()
                try:
                    result = job.context.run(job.work)
                    database.engine.check_transaction()
                except Exception as error:
                    if failures.is_disconnect(error):
                        raise
                    if savepoints is not None:
                        savepoints.undo()
                    else:
                        database.rollback()
                    if failures.is_transient(error):
                        again.append(job)
                    else:
                        outcomes.append((job, None, failures.translate(error)))
                else:
                    outcomes.append((job, result, None))
            if database.engine.in_transaction():
                database.commit()
        except BaseException:
            database.rollback()
            raise
        return outcomes, again

    def _commit_alone(self, job: _Job) -> _Outcome:
        try:
            with self.database.transaction():
                return job, job.context.run(job.work), None
        except BaseException as error:
            return job, None, error

    def _gave_up(self, outcomes: list[_Outcome], rest: list[_Job]) -> bool:
        """Returns true when the last outcome shows that the database cannot be reached.

        Then the rest of the batch and of the queue fails at once, so that callers do not wait for one time-out after
        the other.
        """
        error = outcomes[-1][2]
        if not isinstance(error, errors.Unavailable) or not error.reason.startswith("DATABASE_"):
            return False
        rest = list(rest)
        for _ in range(self._queue.qsize()):
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            rest.append(job)
        outcomes += [
            (job, None, errors.Unavailable(error.message, reason=error.reason, retry_after=error.retry_after))
            for job in rest
        ]
        return True


class _Savepoints:
    """Successive savepoints within a transaction, with as few round trips as the database allows."""

    __slots__ = ("_database", "_fresh", "_step")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._fresh = False
        self._step: tuple[str, ...] = ("SAVEPOINT member",)

    def next(self) -> None:
        """Begins the next savepoint: later changes can be undone, earlier ones stay."""
        if self._fresh:
            self._fresh = False
            return
        for statement in self._step:
            self._database.execute(statement)
        if self._database.engine.chains_statements:
            self._step = ("RELEASE SAVEPOINT member; SAVEPOINT member",)
        else:
            self._step = ("RELEASE SAVEPOINT member", "SAVEPOINT member")

    def undo(self) -> None:
        """Undoes what followed the savepoint; the savepoint stays and serves the next member."""
        self._database.execute("ROLLBACK TO SAVEPOINT member")
        self._fresh = True


def _answer(outcomes: list[_Outcome], committed: Sequence[Callable[[int], None]] = (), published: int = 0) -> None:
    """Wakes each event loop once for all of its callers."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome[0].loop, []).append(outcome)
    for loop, mine in by_loop.items():
        # A closed loop has no callers that wait.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_deliver, mine, committed, published)


def _deliver(outcomes: list[_Outcome], committed: Sequence[Callable[[int], None]], published: int) -> None:
    """Answers the callers, on the event loop."""
    succeeded = False
    for job, result, error in outcomes:
        succeeded = succeeded or error is None
        if job.future.done():
            continue
        if error is None:
            job.future.set_result(result)
        elif isinstance(error, StopIteration):
            # A future cannot hold a StopIteration: it would end the coroutine that awaits it without a trace.
            job.future.set_exception(RuntimeError("work for the database raised StopIteration"))
        else:
            job.future.set_exception(error)
    if succeeded:
        for callback in committed:
            callback(published)
