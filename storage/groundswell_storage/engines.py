"""Peewee's databases, adapted: how each kind of database opens a connection, begins and commits.

A connection refuses writes outside a transaction on every database, so that a read that changes something by accident
fails in development instead of committing half of a change.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from peewee import Database as PeeweeDatabase
from peewee import DatabaseProxy, OperationalError, SqliteDatabase
from peewee import __exception_wrapper__ as peewee_errors  # type: ignore[attr-defined]  # not in the stubs

_BUSY_TIMEOUT_SECONDS = 5.0
_BUSY_STEP_SECONDS = 0.001
_CHANGE = re.compile(
    r"\s*(?:INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|WITH\b.*\b(?:INSERT|UPDATE|DELETE)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements that write, as they begin."""


class Connections:
    """The open connections of one database: each belongs to a thread, and goes when the thread has gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, tuple[threading.Thread, Any]] = {}

    def add(self, connection: Any) -> None:
        with self._lock:
            orphans = [key for key, (thread, _) in self._open.items() if not thread.is_alive()]
            for key in orphans:
                self._open.pop(key)[1].close()
            self._open[id(connection)] = (threading.current_thread(), connection)

    def remove(self, connection: Any) -> None:
        with self._lock:
            self._open.pop(id(connection), None)

    def close_all(self) -> None:
        with self._lock:
            for _, connection in self._open.values():
                connection.close()
            self._open.clear()


class TrackedDatabase(PeeweeDatabase):
    """What the engines share: they know their connections, and give Peewee's untyped methods a type."""

    connections: Connections
    file: Path | None = None
    """Of an embedded database."""

    def run(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Runs one statement, parameters in the driver's own style; returns the driver's cursor."""
        return self.execute_sql(sql, parameters)  # type: ignore[no-untyped-call]

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Runs one statement for each row of parameters; returns how many rows of the table it changed in all."""
        with peewee_errors:
            changed: int = self.raw().cursor().executemany(sql, rows).rowcount
        return changed

    def raw(self) -> Any:
        """The driver's connection of this thread, opened if it is not."""
        return self.connection()  # type: ignore[no-untyped-call]

    def leave_transaction(self) -> None:
        """Peewee need no longer know of a transaction on this thread."""
        self.pop_transaction()  # type: ignore[no-untyped-call]

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc]  # not in the stubs
        self.connections.add(connection)
        return connection

    def _close(self, conn: Any) -> None:
        self.connections.remove(conn)
        super()._close(conn)  # type: ignore[misc]


class _Mine(threading.local):
    """Of a thread and its connection."""

    writes = False
    """Whether it may write now."""
    durable = True
    """Whether a commit is on the disk when it returns."""


class SqliteEngine(TrackedDatabase, SqliteDatabase):
    """One file in WAL mode; a durable commit is on the disk when it returns, and all that came before it."""

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
        """Makes the file and its folder where they are not there yet."""
        if not self.file.exists():
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.file.touch(mode=0o600)  # nobody else's to read; the files that SQLite puts beside it take after it

    def _connect(self) -> Any:
        self.make_file()
        self._mine.durable = True
        return super()._connect()

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Runs one statement; waits, in short steps, as long as another process has what it needs locked.

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
        """Whether this thread may write. No pragma does it: one of those makes SQLite compile every statement anew."""
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
        # A commit that fails leaves the transaction open; the rollback that follows ends it.
        self.run("COMMIT")
        self._end()

    def rollback(self) -> None:
        try:
            # Some errors (a full disk, for one) have rolled back by themselves.
            if self.raw().in_transaction:
                self.run("ROLLBACK")
        finally:
            self._end()

    def _end(self) -> None:
        self.permit_writes(False)
        self._writer.release()

    def begin_read(self) -> None:
        """Begins one snapshot for what is read until `end_read`; in WAL mode it blocks no writer."""
        self.run("BEGIN")

    def end_read(self) -> None:
        """Ends the snapshot, if there is one."""
        if not self.is_closed() and self.raw().in_transaction:
            self.run("COMMIT")

    def check_transaction(self) -> None:
        """Raises when an error that was swallowed has ended the transaction: some of SQLite's roll back all of it."""
        if not self.raw().in_transaction:
            raise RuntimeError("a statement had failed and rolled the transaction back; its error was ignored")

    def announce(self) -> None:
        """Nothing: other processes see the file's counter move."""

    def transaction_id(self) -> int | None:
        """None: a commit of SQLite is never in doubt."""
        return None

    def transaction_status(self, transaction_id: int) -> str:
        raise NotImplementedError("a commit of SQLite is never in doubt")


if TYPE_CHECKING:
    from groundswell_storage.postgres import PostgresEngine

    Engine: TypeAlias = "SqliteEngine | PostgresEngine"


class CurrentDatabase(DatabaseProxy):
    """What all tables hang on: the database that this thread works with, else the one connected last.

    One process may have several databases open (two servers in one test); the threads of each see their own.
    """

    def __init__(self) -> None:
        object.__setattr__(self, "_latest", None)
        super().__init__()

    @property
    def obj(self) -> PeeweeDatabase | None:
        bound: PeeweeDatabase | None = thread.engine or self._latest
        return bound

    @obj.setter
    def obj(self, database: PeeweeDatabase | None) -> None:
        object.__setattr__(self, "_latest", database)


class _ThreadState(threading.local):
    engine: Engine | None = None
    """The database this thread works with now."""
    published: int = 0
    """Events written by this thread so far, rolled back ones included."""


thread = _ThreadState()
current_database = CurrentDatabase()


def open_engine(url: str, application: str) -> tuple[str, Engine]:
    """Returns the dialect (`sqlite`, `postgresql` or `cockroachdb`) and the engine; opens no connection yet.

    Raises ValueError, with the forms that work, for any other URL.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and ":memory:" not in rest:
        return "sqlite", SqliteEngine(Path(rest[1:]).expanduser())
    if separator and scheme in ("postgresql", "postgres"):
        from groundswell_storage.postgres import PostgresEngine

        return "postgresql", PostgresEngine(f"postgresql://{rest}", application)
    if separator and scheme == "cockroachdb":
        from groundswell_storage.cockroach import CockroachEngine

        return "cockroachdb", CockroachEngine(f"postgresql://{rest}", application)
    wrong = _complaint(scheme if separator else "", rest)
    raise ValueError(
        f"{wrong}; it takes sqlite:///relative.db, sqlite:////absolute/path.db, postgresql://user@host/name or "
        "cockroachdb://user@host/name"
    )


def _complaint(scheme: str, rest: str) -> str:
    """What is wrong with a URL, without its password."""
    if scheme == "sqlite" and ":memory:" in rest:
        return "a database in memory can't be shared by threads"
    if scheme == "sqlite":
        return "sqlite:// needs three slashes and a path"
    return f"{scheme}:// is no database that Groundswell works with" if scheme else "is no URL of a database"
