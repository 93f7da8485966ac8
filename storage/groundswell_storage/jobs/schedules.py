"""Periodic jobs on any number of servers: each run is claimed by exactly one of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import TextField

from groundswell_storage.database import Database
from groundswell_storage.fields import MICROSECOND, InstantField, from_micros, to_micros
from groundswell_storage.table import SystemTable


class ScheduleRow(SystemTable):
    """When a periodic job was claimed last, and is due next."""

    name = TextField(primary_key=True)
    last_run_time = InstantField()
    next_run_time = InstantField()


def claim_due(database: Database, name: str, every: timedelta, now: datetime | None = None) -> bool:
    """Whether the caller is the one to run this job now; in a transaction.

    A job is due when `every` has passed since it was claimed last, by the database's clock unless `now` is given, and
    at once when it never was. A run that fails is not repeated before the next one is due.
    """
    clock = database.clock_sql if now is None else str(to_micros(now))
    period = every // MICROSECOND
    # One statement compares and sets, so that two servers cannot both see the job as due.
    claimed = database.execute(
        f"INSERT INTO schedule (name, last_run_time, next_run_time) VALUES (?, {clock}, {clock} + {period}) "
        "ON CONFLICT (name) DO UPDATE SET last_run_time = excluded.last_run_time, "
        "next_run_time = excluded.next_run_time "
        f"WHERE schedule.last_run_time <= excluded.last_run_time - {period} RETURNING name",
        (name,),
    ).fetchall()
    return bool(claimed)


def last_run(database: Database, name: str) -> datetime | None:
    """When the job was claimed last, for people who look."""
    row = database.execute("SELECT last_run_time FROM schedule WHERE name = ?", (name,)).fetchone()
    return None if row is None else from_micros(row[0])
