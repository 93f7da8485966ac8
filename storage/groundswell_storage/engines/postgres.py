"""PostgreSQL through psycopg 3, and CockroachDB, which uses the same protocol. Imported only for URLs of these two."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from peewee import PostgresqlDatabase
from playhouse.cockroachdb import CockroachDatabase
from psycopg.pq import TransactionStatus

from groundswell_storage.engines import psycopg_import
from groundswell_storage.engines.tracked_database import Connections, TrackedDatabase

psycopg_import.give_peewee_psycopg()

_LOCK_TIMEOUT_SECONDS = 10
"""A write fails when another transaction keeps its row locked for longer, instead of stopping all writes behind it."""
CHANNEL = "groundswell_event"
"""Channel of LISTEN and NOTIFY."""
_NETWORK: dict[str, Any] = {
    "connect_timeout": 5,
    # Notices a server that vanished silently after a minute, not after two hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


class PostgresEngine(TrackedDatabase, PostgresqlDatabase):
    """PostgreSQL through psycopg 3."""

    chains_statements = True
    clock_sql = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"

    def __init__(self, url: str, application: str) -> None:
        self.connections = Connections()
        self._current = threading.local()
        super().__init__(url, prefer_psycopg3=True, application_name=application, **_NETWORK)

    def _initialize_connection(self, conn: Any) -> None:
        conn.execute(f"SET default_transaction_read_only = on; SET lock_timeout = '{_LOCK_TIMEOUT_SECONDS}s'")

    def permit_writes(self, permitted: bool) -> None:
        """Allows or forbids that this thread writes outside a transaction."""
        self.run(f"SET default_transaction_read_only = {'off' if permitted else 'on'}")

    def begin(self, isolation_level: str | None = None, *, durable: bool = True) -> None:
        # Reads the id of the transaction in the same round trip: if the connection breaks during COMMIT, the id shows
        # afterwards whether the commit happened.
        cursor = self.run("BEGIN READ WRITE; SELECT pg_current_xact_id()::text")
        cursor.nextset()
        self._current.transaction_id = int(cursor.fetchone()[0])

    def commit(self) -> None:
        cursor = self.run("COMMIT")
        # COMMIT of a transaction with a failed statement rolls back and reports no error.
        if cursor.statusmessage != "COMMIT":
            raise RuntimeError(
                "COMMIT rolled the transaction back because of a failed statement whose error was ignored"
            )

    def begin_read(self) -> None:
        """Does nothing: each statement has its own snapshot, which saves two round trips per read."""

    def end_read(self) -> None:
        """Does nothing, as `begin_read` does."""

    def check_transaction(self) -> None:
        """Raises RuntimeError when a swallowed error has aborted the transaction; without a round trip."""
        if self.raw().pgconn.transaction_status == TransactionStatus.INERROR:
            raise RuntimeError("a failed statement, whose error was ignored, has aborted the transaction")

    def announce(self) -> None:
        """Notifies other processes of new events, outside any transaction."""
        self.run(f"NOTIFY {CHANNEL}")

    def transaction_id(self) -> int | None:
        """Returns the id of the transaction that this thread began last; None where it cannot be looked up later."""
        found: int | None = self._current.transaction_id
        return found

    def transaction_status(self, transaction_id: int) -> str:
        """Returns `committed`, `aborted` or `in progress`."""
        status: str = self.run("SELECT pg_xact_status(%s::text::xid8)", (str(transaction_id),)).fetchone()[0]
        return status


class CockroachEngine(PostgresEngine, CockroachDatabase):  # type: ignore[misc]  # no stubs
    """CockroachDB: no transaction ids to look up after a broken commit, and no LISTEN."""

    def begin(self, isolation_level: str | None = None, *, durable: bool = True) -> None:
        """Begins a transaction that may write."""
        self.run("BEGIN READ WRITE")

    def announce(self) -> None:
        """Does nothing: followers poll at short intervals instead."""

    def transaction_id(self) -> int | None:
        """Returns None: a transaction cannot be looked up later."""
        return None


async def announcements(url: str) -> AsyncIterator[None]:
    """Yields once when it listens and at every NOTIFY of another process; ends when the connection breaks.

    It has its own connection for as long as it is iterated.
    """
    with contextlib.suppress(psycopg.Error, OSError):
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, application_name="groundswell-feed", connect_timeout=5
        ) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            yield
            async for _ in connection.notifies():
                yield
