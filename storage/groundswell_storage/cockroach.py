"""CockroachDB: PostgreSQL's protocol, with other limits. Imported only for a URL that asks for it."""

from __future__ import annotations

from playhouse.cockroachdb import CockroachDatabase

from groundswell_storage.postgres import PostgresEngine


class CockroachEngine(PostgresEngine, CockroachDatabase):  # type: ignore[misc]  # no stubs
    """It has no transaction ids to ask about after a broken commit, and no LISTEN."""

    def begin(self, isolation_level: str | None = None, *, durable: bool = True) -> None:
        """Begins a transaction that may write."""
        self.run("BEGIN READ WRITE")

    def announce(self) -> None:
        """Nothing: followers have a quick clock instead."""

    def transaction_id(self) -> int | None:
        """None: there is no way to ask later."""
        return None
