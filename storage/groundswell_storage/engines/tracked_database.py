"""The base of the databases: their open connections, and the database that each thread works with.

A connection refuses writes outside a transaction on every database, so that a read that changes something by accident
fails in development instead of committing half of a change.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from peewee import Database as PeeweeDatabase
from peewee import DatabaseProxy
from peewee import __exception_wrapper__ as peewee_errors  # type: ignore[attr-defined]  # not in the stubs


class Connections:
    """The open connections of one database. Each belongs to a thread and is closed when the thread has ended."""

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
    """The base of the engines: keeps track of connections, and gives types to Peewee's untyped methods."""

    connections: Connections
    file: Path | None = None
    """The file of an embedded database."""

    def run(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Runs one statement with parameters in the driver's style and returns the driver's cursor."""
        return self.execute_sql(sql, parameters)  # type: ignore[no-untyped-call]

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> int:
        """Runs one statement for each row of parameters and returns the number of table rows that it changed in all."""
        with peewee_errors:
            changed: int = self.raw().cursor().executemany(sql, rows).rowcount
        return changed

    def raw(self) -> Any:
        """Returns the driver's connection of this thread, opened if necessary."""
        return self.connection()  # type: ignore[no-untyped-call]

    def leave_transaction(self) -> None:
        """Makes Peewee forget the transaction of this thread."""
        self.pop_transaction()  # type: ignore[no-untyped-call]

    def _connect(self) -> Any:
        connection = super()._connect()  # type: ignore[misc]  # not in the stubs
        self.connections.add(connection)
        return connection

    def _close(self, conn: Any) -> None:
        self.connections.remove(conn)
        super()._close(conn)  # type: ignore[misc]


if TYPE_CHECKING:
    from groundswell_storage.engines.postgres import PostgresEngine
    from groundswell_storage.engines.sqlite import SqliteEngine

    Engine: TypeAlias = "SqliteEngine | PostgresEngine"


class CurrentDatabase(DatabaseProxy):
    """The database of all tables: the one that this thread works with, else the one connected last.

    A process may have several databases open (two servers in one test); each thread sees its own.
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
    """The database that this thread works with now."""
    published: int = 0
    """Events that this thread has written so far, including those rolled back."""


thread = _ThreadState()
current_database = CurrentDatabase()
