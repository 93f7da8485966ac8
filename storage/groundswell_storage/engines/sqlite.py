"""SQLite: one file that several processes share."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any

from peewee import OperationalError, SqliteDatabase

from groundswell_storage.engines.tracked_database import Connections, TrackedDatabase

_BUSY_TIMEOUT_SECONDS = 5.0
_BUSY_STEP_SECONDS = 0.001
_CHANGE = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|WITH\b.*\b(?:INSERT|UPDATE|DELETE)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""Matches the beginning of statements that write."""


class _Mine(threading.local):
    """The state of a thread and its connection."""

    writes = False
    """True while the thread may write."""
    durable = True
    """True when a commit is on the disk once it returns."""


class SqliteEngine(TrackedDatabase, SqliteDatabase):
    """One file in WAL mode. A durable commit, and all commits before it, are on the disk when it returns."""

    chains_statements = False
    clock_sql = "clock_micros()"

    def __init__(self, path: Path) -> None:
        self.connections = Connections()
        # Waiting writers of this process queue here; SQLite's own busy handler sleeps in growing steps.
        self._writer = threading.Lock()
        self._mine = _Mine()
        pragmas = {
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "cache_size": -16_000,
            "temp_store": "memory",
            "journal_size_limit": 64 << 20,
            "busy_timeout": 0,
        }
        self.file: Path = path
        super().__init__(str(path), pragmas=pragmas, timeout=_BUSY_TIMEOUT_SECONDS, check_same_thread=False)
        self.register_function(lambda: time.time_ns() // 1000, "clock_micros", 0)

    def make_file(self) -> None:
        """Creates the file and its folder if they do not exist."""
        if not self.file.exists():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.touch(mode=0o600)  # SQLite gives the files beside it the same mode

    def _connect(self) -> Any:
        self.make_file()
        self._mine.durable = True
        return super()._connect()

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Runs one statement. Waits in short steps while another process holds a lock that it needs.

        SQLite's own handler soon waits 100 ms at a time, and a writer that commits without a pause would starve it.
        """
        if not self._mine.writes and _CHANGE.match(sql):
            raise OperationalError("attempt to write a readonly database")
        give_up = 0.0
        while True:
            try:
                return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]
            except OperationalError as error:
                now = time.monotonic()
                give_up = give_up or now + self.timeout
                if now >= give_up or "database is locked" not in str(error):
                    raise
            time.sleep(_BUSY_STEP_SECONDS)

    def permit_writes(self, permitted: bool) -> None:
        """Allows or forbids that this thread writes. A pragma would make SQLite compile every statement again."""
        self._mine.writes = permitted

    def begin(self, lock_type: str | None = None, *, durable: bool = True) -> None:
        self._writer.acquire()
        try:
            self.permit_writes(True)
            if self._mine.durable != durable:
                self.run(f"PRAGMA synchronous = {'full' if durable else 'normal'}")
                self._mine.durable = durable
            self.run("BEGIN IMMEDIATE")
        except BaseException:
            self._end()
            raise

    def commit(self) -> None:
        # A failed commit leaves the transaction open; the rollback that follows ends it.
        self.run("COMMIT")
        self._end()

    def rollback(self) -> None:
        try:
            # Some errors, such as a full disk, have rolled back already.
            if self.raw().in_transaction:
                self.run("ROLLBACK")
        finally:
            self._end()

    def _end(self) -> None:
        self.permit_writes(False)
        self._writer.release()

    def begin_read(self) -> None:
        """Begins one snapshot for all reads until `end_read`; in WAL mode it blocks no writer."""
        self.run("BEGIN")

    def end_read(self) -> None:
        """Ends the snapshot, if there is one."""
        if not self.is_closed() and self.raw().in_transaction:
            self.run("COMMIT")

    def check_transaction(self) -> None:
        """Raises RuntimeError when a swallowed error has ended the transaction, as some errors of SQLite do."""
        if not self.raw().in_transaction:
            raise RuntimeError("a failed statement, whose error was ignored, has rolled the transaction back")

    def announce(self) -> None:
        """Does nothing: other processes see the counter of the file change."""

    def transaction_id(self) -> int | None:
        """Returns None: the outcome of a commit of SQLite is always known."""
        return None

    def transaction_status(self, transaction_id: int) -> str:
        raise NotImplementedError("the outcome of a commit of SQLite is always known")
