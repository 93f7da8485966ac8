"""Translation of database errors: the only module that contains the error codes of SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

from peewee import DataError, IntegrityError, InterfaceError, OperationalError, PeeweeException

from groundswell_storage import errors

_SOON = timedelta(seconds=1)
_LATER = timedelta(seconds=30)

_POSTGRES_LOST = frozenset({"57P01", "57P02", "57P03", "57P05"})
"""Shutdown by an administrator, crash of the server, still starting, idle session closed; besides class 08."""
_POSTGRES_TRANSIENT = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available: the same work is likely to succeed when repeated."""


class CommitUnknown(errors.Unavailable):
    """The connection broke during COMMIT, and it cannot be found out whether the commit happened."""

    default_reason = "COMMIT_UNKNOWN"

    def __init__(self) -> None:
        super().__init__(
            "the connection broke during the commit, so the change may or may not have been stored; "
            "repeat the call with the same request_id",
            retry_after=_SOON,
        )


def cause(error: BaseException) -> BaseException:
    """Returns the driver's own exception behind Peewee's."""
    while isinstance(original := getattr(error, "orig", None), BaseException):
        error = original  # Peewee wraps it twice where the connection was opened for the statement.
    return error


def sqlstate(error: BaseException) -> str:
    """Returns PostgreSQL's five-character code, or an empty text."""
    return getattr(cause(error), "sqlstate", None) or ""


def sqlite_code(error: BaseException) -> str:
    """Returns the name of SQLite's primary result code, such as `SQLITE_FULL`, or an empty text."""
    name: str = getattr(cause(error), "sqlite_errorname", "") or ""
    return "_".join(name.split("_")[:2])


def is_disconnect(error: BaseException) -> bool:
    """Returns true when the connection is useless (PostgreSQL going away; never with SQLite)."""
    original = cause(error)
    if original is error or isinstance(original, sqlite3.Error):
        return False
    state = sqlstate(error)
    if state:
        return state in _POSTGRES_LOST or state.startswith("08")
    # psycopg reports a broken socket, or one that could not be opened, as an OperationalError without a code.
    return isinstance(error, (OperationalError, InterfaceError))


def is_transient(error: BaseException) -> bool:
    """Returns true when the same work, repeated alone, is likely to succeed."""
    return (
        sqlstate(error) in _POSTGRES_TRANSIENT
        or sqlite_code(error) in ("SQLITE_BUSY", "SQLITE_LOCKED")
        or is_duplicate(error, "idempotency_record")
    )


def is_duplicate(error: BaseException, table: str) -> bool:
    """Returns true when the error is a violated unique key (or primary key) of this table."""
    if not isinstance(error, IntegrityError):
        return False
    original: Any = cause(error)
    if isinstance(original, sqlite3.Error):
        return str(original).startswith(f"UNIQUE constraint failed: {table}.")
    return sqlstate(error) == "23505" and original.diag.table_name == table


def translate(error: BaseException) -> BaseException:
    """Returns the typed error of a database error, and any other exception unchanged.

    A violated constraint is returned unchanged too: its meaning is known where the statement is.
    """
    if not isinstance(error, PeeweeException) or isinstance(error, IntegrityError):
        return error
    if isinstance(cause(error), sqlite3.Error):
        return _translate_sqlite(error)
    return _translate_postgres(error)


def _translate_sqlite(error: PeeweeException) -> BaseException:
    code = sqlite_code(error)
    if code in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return errors.Unavailable("the database is busy with another writer", reason="DATABASE_BUSY", retry_after=_SOON)
    if code == "SQLITE_FULL":
        return _disk_full()
    if code == "SQLITE_READONLY":
        return _read_only("the database file cannot be written: give this user write access to the file and its folder")
    if code in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return errors.DataLoss(
            f"the database file is damaged ({cause(error)}): restore it from a backup", reason="DATABASE_DAMAGED"
        )
    if code in ("SQLITE_CANTOPEN", "SQLITE_IOERR"):
        return errors.Unavailable(
            f"the database file cannot be reached ({cause(error)})", reason="DATABASE_UNAVAILABLE", retry_after=_SOON
        )
    if code == "SQLITE_TOOBIG":
        return _not_storable(error)
    return error


def _translate_postgres(error: PeeweeException) -> BaseException:
    state = sqlstate(error)
    if is_disconnect(error) or state == "53300":
        return unreachable(error)
    if state in _POSTGRES_TRANSIENT:
        return errors.Aborted(
            "another call changed the same rows first: repeat the call", reason="CONFLICT", retry_after=_SOON
        )
    if state == "53100":
        return _disk_full()
    if state == "25006":
        return _read_only(
            "the database accepts no writes (it is a replica, or set to read-only): connect to a writable one"
        )
    if state == "57014":
        return errors.DeadlineExceeded("the database did not answer in time", reason="DATABASE_TIMEOUT")
    if isinstance(error, DataError) or state.startswith("22"):
        return _not_storable(error)
    return error


def unreachable(error: BaseException) -> errors.Unavailable:
    """Returns the error of a database that does not answer."""
    first_line = str(cause(error)).splitlines()[0] if str(cause(error)) else type(cause(error)).__name__
    return errors.Unavailable(
        f"the database cannot be reached ({first_line})", reason="DATABASE_UNAVAILABLE", retry_after=_SOON
    )


def _disk_full() -> errors.ResourceExhausted:
    return errors.ResourceExhausted(
        "the disk of the database is full: nothing was written; free some space",
        reason="DATABASE_FULL",
        retry_after=_LATER,
    )


def _read_only(message: str) -> errors.Unavailable:
    return errors.Unavailable(message, reason="DATABASE_READ_ONLY", retry_after=_LATER)


def _not_storable(error: PeeweeException) -> errors.InvalidArgument:
    # For example a NUL character in a text, or a number beyond the column's range, that passed validation.
    return errors.InvalidArgument(
        [], message=f"the database cannot store a value of this request ({cause(error)})", reason="VALUE_NOT_STORABLE"
    )
