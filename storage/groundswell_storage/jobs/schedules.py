"""Periodic jobs on any number of servers: exactly one of them claims each run."""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import TextField

from groundswell_storage.database import Database
from groundswell_storage.fields import MICROSECOND, InstantField, from_micros, to_micros
from groundswell_storage.table import SystemTable


class ScheduleRow(SystemTable):
    """The times at which a periodic job was last claimed and is next due."""

    name = TextField(primary_key=True)
    last_run_time = InstantField()
    next_run_time = InstantField()


def claim_due(database: Database, name: str, every: timedelta, now: datetime | None = None) -> bool:
    """Returns True if the caller must run this job now; called in a transaction.

    A job is due when `every` has passed since its last claim, by the database's clock unless `now` is given, and at
    once when it was never claimed. A failed run is not repeated before the next one is due.
    """
    clock = database.clock_sql if now is None else str(to_micros(now))
    period = every // MICROSECOND
    # One statement compares and sets, so that only one server claims the run.
    claimed = database.execute(
        f"INSERT INTO schedule (name, last_run_time, next_run_time) VALUES (?, {clock}, {clock} + {period}) "
        "ON CONFLICT (name) DO UPDATE SET last_run_time = excluded.last_run_time, "
        "next_run_time = excluded.next_run_time "
        f"WHERE schedule.last_run_time <= excluded.last_run_time - {period} RETURNING name",
        (name,),
    ).fetchall()
    return bool(claimed)


def last_run(database: Database, name: str) -> datetime | None:
    """Returns the time of the last claim, for display."""
    row = database.execute("SELECT last_run_time FROM schedule WHERE name = ?", (name,)).fetchone()
    return None if row is None else from_micros(row[0])
