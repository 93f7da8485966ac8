"""Token buckets of API keys: all servers of the deployment draw from one bucket per key."""

from __future__ import annotations

from dataclasses import dataclass

from peewee import DoubleField, TextField

from groundswell_storage.database import Database
from groundswell_storage.fields import InstantField
from groundswell_storage.table import SystemTable


class CallAllowanceRow(SystemTable):
    """The bucket of a key as it was when a server last drew from it."""

    key = TextField(primary_key=True)
    tokens = DoubleField()
    drawn = InstantField()


@dataclass(frozen=True, slots=True)
class Limit:
    """The rate limit of a key."""

    per_second: float
    """Tokens per second that flow into the bucket."""
    burst: int
    """Tokens that the bucket holds."""


@dataclass(frozen=True, slots=True)
class Draw:
    """The result of drawing tokens."""

    tokens: int
    """Calls that the tokens allow."""
    wait_seconds: float
    """Seconds until the next token, when none was left; 0 otherwise."""


def draw(database: Database, key: str, wanted: int, limit: Limit) -> Draw:
    """Takes up to `wanted` tokens out of a key's bucket, by the database's clock; called in a transaction.

    A server that draws at the same time waits for this one, so that no token is given out twice.
    """
    clock = database.clock_sql
    database.execute(
        f"INSERT INTO call_allowance (key, tokens, drawn) VALUES (?, ?, {clock}) ON CONFLICT DO NOTHING",
        (key, float(limit.burst)),
    )
    lock = "" if database.dialect == "sqlite" else " FOR UPDATE"
    tokens, micros = database.execute(
        f"SELECT tokens, {clock} - drawn FROM call_allowance WHERE key = ?{lock}", (key,)
    ).fetchone()
    left, drawn = drawn_from(tokens, max(0.0, micros / 1e6), wanted, limit)
    database.execute(f"UPDATE call_allowance SET tokens = ?, drawn = {clock} WHERE key = ?", (left, key))
    return drawn


def drawn_from(tokens: float, seconds: float, wanted: int, limit: Limit) -> tuple[float, Draw]:
    """Returns the rest of a bucket that held `tokens` some `seconds` ago, and the tokens drawn from it."""
    available = min(limit.burst, tokens + seconds * limit.per_second)
    granted = min(wanted, int(available))
    wait_seconds = 0.0 if granted else (1 - available) / limit.per_second
    return available - granted, Draw(granted, wait_seconds)
