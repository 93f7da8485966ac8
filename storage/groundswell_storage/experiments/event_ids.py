"""The horizon of event ids: ids from before it are removed, and events with such an id are refused.

The ids detect events that are sent again. An id of version 7 begins with the milliseconds since 1970 at which the
client generated it, so that an event from before the horizon is recognised although its id is gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import BigIntegerField, SmallIntegerField

from groundswell_storage.database import Database
from groundswell_storage.fields import to_micros
from groundswell_storage.table import SystemTable

MIN_RETENTION = timedelta(days=30)
"""The minimum age of the horizon."""
_ID = 1
_NOTHING = b""
_MILLISECONDS_BYTES = 6


class ExperimentEventHorizonRow(SystemTable):
    """The single row that holds the horizon."""

    id = SmallIntegerField(primary_key=True)
    milliseconds = BigIntegerField()


def least_kept_id(database: Database) -> bytes:
    """Returns the first bytes of the least id that is kept; empty while no id was removed."""
    return _beginning(_horizon(database))


def is_recent(id: bytes, now: datetime) -> bool:
    """Returns True for an id that is newer than any horizon, which then need not be read."""
    return id >= _beginning(_milliseconds(now - MIN_RETENTION))


def experiments_after(database: Database, experiment: int | None) -> int | None:
    """Returns the next experiment, by number, that has events; None without one."""
    where, parameters = ("", ()) if experiment is None else (" WHERE experiment > ?", (experiment,))
    found: int | None = database.execute(f"SELECT min(experiment) FROM experiment_event{where}", parameters).fetchone()[
        0
    ]
    return found


def forget(database: Database, experiment: int, *, most: int) -> int:
    """Removes at most `most` events of an experiment from before the horizon; returns the number of removed events.

    The sums that they were added to are not changed. Call it in a transaction.
    """
    least = least_kept_id(database)
    removed: int = database.execute(
        "DELETE FROM experiment_event WHERE experiment = ? AND id IN "
        "(SELECT id FROM experiment_event WHERE experiment = ? AND id < ? ORDER BY id LIMIT ?)",
        (experiment, experiment, least, most),
    ).rowcount
    return removed


def move_horizon(database: Database, keep: timedelta, now: datetime) -> None:
    """Moves the horizon to the age `keep`; it never moves back. Call it in a transaction.

    Remove the events from before the new horizon later: a concurrent transaction that has read the old horizon still
    has to find their ids.
    """
    milliseconds = _milliseconds(now - max(keep, MIN_RETENTION))
    if milliseconds > _horizon(database):
        database.execute("DELETE FROM experiment_event_horizon")
        database.execute("INSERT INTO experiment_event_horizon (id, milliseconds) VALUES (?, ?)", (_ID, milliseconds))


def _horizon(database: Database) -> int:
    row = database.execute("SELECT milliseconds FROM experiment_event_horizon WHERE id = ?", (_ID,)).fetchone()
    return 0 if row is None else int(row[0])


def _milliseconds(moment: datetime) -> int:
    return to_micros(moment) // 1000


def _beginning(milliseconds: int) -> bytes:
    return milliseconds.to_bytes(_MILLISECONDS_BYTES, "big") if milliseconds else _NOTHING
