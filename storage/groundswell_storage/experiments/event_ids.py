"""How long the ids of events are kept, by which an event that is sent again is told, and what is too old to be told.

An id of version 7 begins with the milliseconds since 1970 at which its client made it. Ids from before the horizon are
forgotten, and events that have one are refused from then on: nobody knows any more whether they were counted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from peewee import BigIntegerField, SmallIntegerField

from groundswell_storage.database import Database
from groundswell_storage.fields import to_micros
from groundswell_storage.table import SystemTable

LEAST_KEPT = timedelta(days=30)
"""No horizon is nearer than this."""
_ID = 1
_NOTHING = b""
_MILLISECONDS_BYTES = 6


class ExperimentEventHorizonRow(SystemTable):
    """The one row that says from when on ids are kept."""

    id = SmallIntegerField(primary_key=True)
    milliseconds = BigIntegerField()


def least_kept_id(database: Database) -> bytes:
    """What no id that is kept is less than: the beginning of an id, or nothing while none was forgotten."""
    return _beginning(_horizon(database))


def is_recent(id: bytes, now: datetime) -> bool:
    """Whether no horizon can be as near as this id: who sends what just happened needs no look at it."""
    return id >= _beginning(_milliseconds(now - LEAST_KEPT))


def experiments_after(database: Database, experiment: int | None) -> int | None:
    """The next experiment, by number, that has events."""
    where, parameters = ("", ()) if experiment is None else (" WHERE experiment > ?", (experiment,))
    found: int | None = database.execute(f"SELECT min(experiment) FROM experiment_event{where}", parameters).fetchone()[
        0
    ]
    return found


def forget(database: Database, experiment: int, *, most: int) -> int:
    """Removes events of an experiment from before the horizon, so many at most; returns how many.

    What they were counted as stays. To be called in a transaction.
    """
    least = least_kept_id(database)
    removed: int = database.execute(
        "DELETE FROM experiment_event WHERE experiment = ? AND id IN "
        "(SELECT id FROM experiment_event WHERE experiment = ? AND id < ? ORDER BY id LIMIT ?)",
        (experiment, experiment, least, most),
    ).rowcount
    return removed


def move_horizon(database: Database, keep: timedelta, now: datetime) -> None:
    """From now on ids are kept for so long; what was forgotten already stays so. To be called in a transaction.

    The events behind the new horizon are to be removed later: a transaction that is about to record one of them has
    seen the old horizon, and still has to find it.
    """
    milliseconds = _milliseconds(now - max(keep, LEAST_KEPT))
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
