"""A connection to a database: `connect(url)`, transactions, the database's clock, migrations."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from peewee import SQL, PeeweeException

from groundswell_storage import failures
from groundswell_storage.engines.tracked_database import current_database, thread
from groundswell_storage.engines.urls import hide_password, open_engine
from groundswell_storage.fields import from_micros

if TYPE_CHECKING:
    from groundswell_storage.engines.tracked_database import Engine
    from groundswell_storage.scope import Scope

Dialect = Literal["sqlite", "postgresql", "cockroachdb"]

_REMEMBERED_LENGTH = 2000
"""Longer statements are inserts of many rows, a different one for each number of rows: not worth caching."""
_IN_DOUBT_SECONDS = 2.0
"""Time to wait for a transaction that may still be in progress on the server after its COMMIT was cut off."""


def connect(url: str, *, pool_size: int = 4, application: str = "groundswell") -> Database:
    """Opens a database and makes it the one that all tables of this process use.

    `url` is `sqlite:///relative.db`, `sqlite:////absolute/path.db`, `postgresql://user@host/name` or
    `cockroachdb://user@host/name`. `pool_size` is the number of connections that a server keeps to PostgreSQL (SQLite
    has one). No connection is opened before the first use; a wrong URL raises ValueError here.
    """
    dialect, engine = open_engine(url, application)
    current_database.initialize(engine)
    thread.engine = None  # The database that this thread worked with before is not the one it works with from now on.
    return Database(url, dialect, engine, pool_size)  # type: ignore[arg-type]


class Database:
    """A database. Safe to share between threads: each has its own connection, opened when first needed."""

    __slots__ = ("_engine", "_translated", "clock_sql", "dialect", "pool_size", "url")

    def __init__(self, url: str, dialect: Dialect, engine: Engine, pool_size: int) -> None:
        self.url = url
        """The URL with its password, if it has one: show `shown_url` instead."""
        self.dialect: Dialect = dialect
        self.pool_size = 1 if dialect == "sqlite" else pool_size
        """Number of threads that a server should give this database."""
        self.clock_sql: str = engine.clock_sql
        """SQL of the database's time in microseconds since 1970, for leases and expiry."""
        self._engine = engine
        self._translated: dict[str, str] = {}

    @property
    def shown_url(self) -> str:
        """The URL without the password, for logs and messages."""
        return hide_password(self.url)

    @property
    def file(self) -> Path | None:
        """The file of an embedded database, which is created when it is first opened; None for a server."""
        return self._engine.file

    @property
    def engine(self) -> Engine:
        """The adapted Peewee database, for this package only."""
        return self._engine

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Runs one statement on this thread's connection and returns the driver's cursor.

        Parameters are written as `?` on every database (a statement has no other question mark, and no percent sign).
        Raises Peewee's exceptions; writing outside a transaction is refused.
        """
        if self.dialect != "sqlite":
            translated = self._translated.get(sql)
            if translated is None:
                translated = sql.replace("?", "%s")
                if len(sql) < _REMEMBERED_LENGTH:
                    self._translated[sql] = translated
            sql = translated
        return self._engine.run(sql, parameters)

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Runs one statement for each row of parameters and returns the number of table rows that it changed in all.

        For SQLite, which parses it once; on PostgreSQL, many rows in one statement are faster.
        """
        return self._engine.run_many(sql, rows)

    def clock(self) -> SQL:
        """Returns the database's time in microseconds since 1970 as an expression in a Peewee query."""
        return SQL(self.clock_sql)

    def now(self) -> datetime:
        """Returns the database's time, in UTC."""
        if self.dialect == "sqlite":
            return from_micros(time.time_ns() // 1000)
        return from_micros(self.execute(f"SELECT {self.clock_sql}").fetchone()[0])

    def bind(self) -> None:
        """Makes this the database of the tables for the calling thread, even if another is connected later."""
        thread.engine = self._engine

    def transaction(self) -> Transaction:
        """Returns a context manager that commits its block as a whole; it cannot be nested (see `savepoint`).

        Raises the typed errors of `errors` for database failures: `Unavailable` when the database cannot be reached or
        is busy, `ResourceExhausted` when its disk is full, `Aborted` after a conflict.
        """
        return Transaction(self)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that can fail without losing the rest: an exception undoes it alone."""
        self.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            # If this fails too, the whole transaction is lost, which is noticed at its end.
            with suppress(PeeweeException):
                self.execute("ROLLBACK TO SAVEPOINT part")
                self.execute("RELEASE SAVEPOINT part")
            raise
        self.execute("RELEASE SAVEPOINT part")

    @contextmanager
    def scope(
        self, workspace: str, actor: str = "system", *, now: datetime | None = None, random: Random | None = None
    ) -> Iterator[Scope]:
        """Opens a transaction and returns its scope: for workers, the CLI and tests."""
        from groundswell_storage.scope import SYSTEM_RANDOM, Scope

        with self.transaction():
            yield Scope(self, workspace, actor, now or datetime.now(UTC), random=random or SYSTEM_RANDOM)

    def begin(self, *, durable: bool = True) -> None:
        """Begins a transaction that may write; for the executor. Others use `transaction()`.

        A transaction that is not `durable` survives the process once it is committed, and a crash of the machine from
        the next durable commit on: SQLite then need not wait for the disk. On PostgreSQL it makes no difference.
        """
        thread.engine = self._engine
        self._engine.begin(durable=durable)
        self._engine.push_transaction(self)

    def commit(self) -> None:
        """Commits, and finds out whether the commit happened when the connection breaks meanwhile.

        When it raises anything except `failures.CommitUnknown`, nothing was committed and `rollback` has to follow.
        """
        engine = self._engine
        try:
            engine.commit()
        except Exception as error:
            if not failures.is_disconnect(error):
                raise
            transaction = engine.transaction_id()
            self.drop_connection()
            if not self._was_committed(transaction):
                raise
            return
        engine.leave_transaction()

    def rollback(self) -> None:
        """Undoes the transaction; a broken connection is dropped, which undoes it too."""
        engine = self._engine
        if engine.is_closed() or not engine.in_transaction():
            return
        engine.leave_transaction()
        try:
            engine.rollback()
        except Exception:
            self.drop_connection()

    def _was_committed(self, transaction: int | None) -> bool:
        """Asks the server about a transaction whose COMMIT got no answer."""
        if transaction is None:
            raise failures.CommitUnknown()
        give_up = time.monotonic() + _IN_DOUBT_SECONDS
        try:
            while (status := self._engine.transaction_status(transaction)) == "in progress":
                if time.monotonic() > give_up:
                    raise failures.CommitUnknown()
                time.sleep(0.01)
        except failures.CommitUnknown:
            raise
        except Exception as error:
            self.drop_connection()
            raise failures.CommitUnknown() from error
        return status == "committed"

    def drop_connection(self) -> None:
        """Closes this thread's connection in any state; the next statement opens a new one."""
        while self._engine.in_transaction():
            self._engine.leave_transaction()
        try:
            self._engine.close()
        except Exception:
            self._engine.dispose()

    def migrate(self) -> list[str]:
        """Applies the migrations that this build has and the database has not, and returns their names.

        Safe to call from many processes at once. Raises `FailedPrecondition` (`SCHEMA_NEWER`) for a schema with
        migrations that this build does not know.
        """
        from groundswell_storage import schema

        return schema.migrate(self)

    def schema_version(self) -> str:
        """Returns the name of the newest migration applied, or an empty text for a new database."""
        from groundswell_storage import schema

        return max(schema.applied(self), default="")

    def check(self) -> None:
        """Raises a typed error unless the database answers."""
        try:
            self.execute("SELECT 1").fetchone()
        except Exception as error:
            if failures.is_disconnect(error):
                self.drop_connection()
            raise failures.translate(error) from error

    def close(self) -> None:
        """Closes the connections of all threads; threads that use the database must have stopped."""
        if thread.engine is self._engine:
            thread.engine = None
        self.drop_connection()
        self._engine.connections.close_all()


class Transaction:
    """The context manager of `Database.transaction()`. A class, because a generator costs a microsecond more."""

    __slots__ = ("_database", "_outer", "_published")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outer: Engine | None = None
        self._published = thread.published

    def __enter__(self) -> Database:
        database = self._database
        if database.engine.in_transaction():
            raise RuntimeError("this thread has an open transaction: use Database.savepoint inside it")
        self._outer = thread.engine
        try:
            begin(database)
        except Exception as error:
            thread.engine = self._outer
            raise failures.translate(error) from error
        return database

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._commit()
                return
            self._database.rollback()
            if isinstance(error, Exception):
                meant = failures.translate(error)
                if meant is not error:
                    raise meant from error
        finally:
            thread.engine = self._outer

    def _commit(self) -> None:
        database = self._database
        try:
            database.commit()
        except Exception as failure:
            database.rollback()
            raise failures.translate(failure) from failure
        if thread.published != self._published:
            # Servers have a feed that does this for many commits at once. If it fails here, their slow poll finds the
            # events a little later.
            with suppress(PeeweeException):
                database.engine.announce()


def begin(database: Database, *, durable: bool = True) -> None:
    """Begins a transaction; a connection that died while it was idle is replaced."""
    was_open = not database.engine.is_closed()
    try:
        database.begin(durable=durable)
    except Exception as error:
        if not failures.is_disconnect(error):
            raise
        database.drop_connection()
        if not was_open:
            raise
        database.begin(durable=durable)
