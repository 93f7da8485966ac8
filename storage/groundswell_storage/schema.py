"""Migrations: applied once, in order, by one process at a time, and never to a schema newer than this build."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from groundswell_storage import errors, failures
from groundswell_storage.engines.sqlite import SqliteEngine

if TYPE_CHECKING:
    from groundswell_storage.database import Database

_FOLDER = Path(__file__).parent / "migrations"
_HISTORY = "schema_migration"
_ADVISORY_LOCK = 0x67726F756E64  # ASCII "ground": any number that no other program uses in this database.
_LOCK_TIMEOUT_SECONDS = 300.0


def known(folder: Path = _FOLDER) -> list[str]:
    """Returns the names of the migrations of this build, in order."""
    return sorted(path.stem for path in folder.glob("[0-9]*.py"))


def applied(database: Database) -> list[str]:
    """Returns the names of the migrations applied to this database; none for a new one, whose file is not created."""
    if database.file is not None and not database.file.exists():
        return []
    try:
        if not database.engine.table_exists(_HISTORY):
            return []
        return sorted(name for (name,) in database.execute(f"SELECT name FROM {_HISTORY}").fetchall())
    except Exception as error:
        if failures.is_disconnect(error):
            database.drop_connection()
        raise failures.translate(error) from error


def pending(database: Database, folder: Path = _FOLDER) -> list[str]:
    """Returns the names of the migrations that `migrate` would apply; raises as `migrate` does for a newer schema."""
    have = set(applied(database))
    names = known(folder)
    unknown = sorted(have.difference(names))
    if unknown:
        raise errors.FailedPrecondition(
            f"the database has migrations that this version of Groundswell does not know ({', '.join(unknown)}): "
            "install the version that made them, or restore a backup from before",
            reason="SCHEMA_NEWER",
            metadata={"unknown": ",".join(unknown)},
        )
    return [name for name in names if name not in have]


def migrate(database: Database, folder: Path = _FOLDER) -> list[str]:
    """Applies the pending migrations and returns their names. See `Database.migrate`."""
    if not pending(database, folder):
        return []
    database.bind()
    with _alone(database):
        names = pending(database, folder)
        if names:
            _run(database, folder)
        return names


def _run(database: Database, folder: Path) -> None:
    # Imported here: a server with an up-to-date schema starts without it.
    from playhouse.migrations import Runner

    with _writable(database):
        Runner(database.engine, str(folder), table_name=_HISTORY).up()


@contextmanager
def _writable(database: Database) -> Iterator[None]:
    """Permits writes outside a transaction: the runner creates its history table that way."""
    database.engine.permit_writes(True)
    try:
        yield
    finally:
        database.engine.permit_writes(False)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """Keeps other processes from migrating; the lock ends when its holder dies."""
    if database.dialect == "sqlite":
        with _file_lock(database):
            yield
    elif database.dialect == "cockroachdb":
        # CockroachDB has no advisory locks; it serializes schema changes itself, and each migration is one transaction.
        yield
    else:
        database.execute("SET lock_timeout = 0")
        database.execute("SELECT pg_advisory_lock(?)", (_ADVISORY_LOCK,))
        try:
            yield
        finally:
            # The lock and the settings of this session end with its connection.
            database.drop_connection()


@contextmanager
def _file_lock(database: Database) -> Iterator[None]:
    """A lock file beside the database: SQLite's own locking on it works on every system and ends with its process.

    The database itself cannot be locked: migrations switch foreign keys off, which SQLite allows only between
    transactions.
    """
    engine = cast(SqliteEngine, database.engine)
    engine.make_file()
    path = Path(f"{engine.file}-migrating")
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_SECONDS, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
