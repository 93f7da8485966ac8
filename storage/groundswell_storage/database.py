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
"""Longer statements are inserts of many rows, one for each number of rows: not worth keeping all."""
_IN_DOUBT_SECONDS = 2.0
"""How long a transaction whose COMMIT was cut off may still be in progress on the server before it is given up."""


def connect(url: str, *, pool_size: int = 4, application: str = "groundswell") -> Database:
    """Opens a database and makes it the one that all tables of this process hang on.

    `url`: `sqlite:///relative.db`, `sqlite:////absolute/path.db`, `postgresql://user@host/name`,
    `cockroachdb://user@host/name`. `pool_size` is the number of connections that a server keeps to PostgreSQL
    (SQLite has one). No connection is opened before the first use; a wrong URL raises ValueError here.
    """
    dialect, engine = open_engine(url, application)
    current_database.initialize(engine)
    thread.engine = None  # what this thread worked with before is not what it works with from now on
    return Database(url, dialect, engine, pool_size)  # type: ignore[arg-type]


class Database:
    """One database. Safe to share between threads: each has a connection of its own, opened when first needed."""

    __slots__ = ("_engine", "_translated", "clock_sql", "dialect", "pool_size", "url")

    def __init__(self, url: str, dialect: Dialect, engine: Engine, pool_size: int) -> None:
        self.url = url
        """With the password, if there is one: show `shown_url` instead."""
        self.dialect: Dialect = dialect
        self.pool_size = 1 if dialect == "sqlite" else pool_size
        """Threads that a server should give this database."""
        self.clock_sql: str = engine.clock_sql
        """SQL for the database's time in microseconds since 1970, for leases and expiries."""
        self._engine = engine
        self._translated: dict[str, str] = {}

    @property
    def shown_url(self) -> str:
        """The URL without the password, for logs and messages."""
        return hide_password(self.url)

    @property
    def file(self) -> Path | None:
        """The file of an embedded database, which is made when it is first opened; None for a server."""
        return self._engine.file

    @property
    def engine(self) -> Engine:
        """Peewee's database, for this package only."""
        return self._engine

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Runs one statement on this thread's connection and returns the driver's cursor.

        Parameters stand as `?` on every database (so a statement has no other question mark, and no percent sign).
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
        """Runs one statement for each row of parameters, and returns how many rows of the table it changed in all.

        For SQLite, which parses it once; PostgreSQL is better served with many rows in one statement.
        """
        return self._engine.run_many(sql, rows)

    def clock(self) -> SQL:
        """The database's time in microseconds since 1970 as an expression in a Peewee query."""
        return SQL(self.clock_sql)

    def now(self) -> datetime:
        """The database's time, in UTC."""
        if self.dialect == "sqlite":
            return from_micros(time.time_ns() // 1000)
        return from_micros(self.execute(f"SELECT {self.clock_sql}").fetchone()[0])

    def bind(self) -> None:
        """Makes this the database of the tables for the calling thread, whatever is connected later."""
        thread.engine = self._engine

    def transaction(self) -> Transaction:
        """`with database.transaction():` all of it or nothing; not to be nested (see `savepoint`).

        Raises the typed errors of `errors` for what can go wrong with a database: `Unavailable` when it cannot be
        reached or is busy, `ResourceExhausted` when its disk is full, `Aborted` after a conflict.
        """
        return Transaction(self)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that can fail without losing the rest: an exception undoes it and goes on up."""
        self.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            # Where this fails too, the transaction is lost as a whole, which its end will notice.
            with suppress(PeeweeException):
                self.execute("ROLLBACK TO SAVEPOINT part")
                self.execute("RELEASE SAVEPOINT part")
            raise
        self.execute("RELEASE SAVEPOINT part")

    @contextmanager
    def scope(
        self, workspace: str, actor: str = "system", *, now: datetime | None = None, random: Random | None = None
    ) -> Iterator[Scope]:
        """Opens a transaction and gives the scope for work in it: what a worker, the CLI and tests use."""
        from groundswell_storage.scope import SYSTEM_RANDOM, Scope

        with self.transaction():
            yield Scope(self, workspace, actor, now or datetime.now(UTC), random=random or SYSTEM_RANDOM)

    def begin(self, *, durable: bool = True) -> None:
        """Begins a transaction that may write. `transaction()` is the way to do it; this is for the executor.

        What is not `durable` outlives the process once it is committed, and the machine with the next durable commit:
        SQLite then need not wait for the disk. PostgreSQL is not asked for less.
        """
        thread.engine = self._engine
        self._engine.begin(durable=durable)
        self._engine.push_transaction(self)

    def commit(self) -> None:
        """Commits, and finds out whether it happened when the connection breaks meanwhile.

        When it raises anything but `failures.CommitUnknown`, nothing was committed and `rollback` has to follow.
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
        """Undoes the transaction; a connection that is broken is dropped, which undoes it too."""
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
        """Closes this thread's connection, whatever its state; the next statement opens a new one."""
        while self._engine.in_transaction():
            self._engine.leave_transaction()
        try:
            self._engine.close()
        except Exception:
            self._engine.dispose()

    def migrate(self) -> list[str]:
        """Brings the schema up to this build's and returns the names of the migrations that ran.

        Safe to call from many processes at once. Raises `FailedPrecondition` (`SCHEMA_NEWER`) for a schema with
        migrations that this build does not know.
        """
        from groundswell_storage import schema

        return schema.migrate(self)

    def schema_version(self) -> str:
        """The name of the newest migration applied, or empty for a new database."""
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
        """Closes the connections of all threads; the threads that use the database must have stopped."""
        if thread.engine is self._engine:
            thread.engine = None
        self.drop_connection()
        self._engine.connections.close_all()


class Transaction:
    """What `Database.transaction()` returns; a class, because a generator costs a microsecond more."""

    __slots__ = ("_database", "_outer", "_published")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outer: Engine | None = None
        self._published = thread.published

    def __enter__(self) -> Database:
        database = self._database
        if database.engine.in_transaction():
            raise RuntimeError("a transaction is open on this thread already; use Database.savepoint inside it")
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
            # Servers have a feed that does this for many commits at once; who commits here has none. If it fails,
            # their slow clock finds the events a little later.
            with suppress(PeeweeException):
                database.engine.announce()


def begin(database: Database, *, durable: bool = True) -> None:
    """Begins; a connection that died while it was idle is replaced."""
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
