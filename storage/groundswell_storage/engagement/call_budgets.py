"""Call budgets: how many calls of a platform's API a workspace may make, shared by all its servers.

A token bucket, told by one number: when it will be full again (the generic cell rate algorithm of ATM networks, ITU-T
I.371). Each call moves that time on by one interval; a call that would move it further ahead than the bucket is deep
has to wait. One statement compares and sets, so that two servers never take the same call.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from peewee import CompositeKey, TextField

from groundswell_storage.database import Database
from groundswell_storage.fields import MICROSECOND, InstantField, from_micros, to_micros
from groundswell_storage.scope import Scope
from groundswell_storage.table import Table


class CallBudgetRow(Table):
    """What is left of a budget."""

    name = TextField()
    full_at = InstantField()
    """When the bucket is full again."""
    closed_until = InstantField()
    """Until when the platform asked for a rest."""

    class Meta:
        primary_key = CompositeKey("workspace", "name")


def take(scope: Scope, name: str, now: datetime, *, calls: int, interval: timedelta, depth: int) -> timedelta:
    """Takes calls of a budget and returns zero, or takes none and returns how long to wait; in a transaction.

    `interval` is the time in which one call comes back, `depth` how many can be made at once, at least `calls`.
    """
    at, cost = to_micros(now), calls * (interval // MICROSECOND)
    ahead = depth * (interval // MICROSECOND)
    taken = scope.execute(
        "INSERT INTO call_budget (workspace, name, full_at, closed_until) VALUES (?, ?, ?, 0) "
        "ON CONFLICT (workspace, name) DO UPDATE "
        "SET full_at = CASE WHEN call_budget.full_at > ? THEN call_budget.full_at ELSE ? END + ? "
        "WHERE call_budget.full_at <= ? AND call_budget.closed_until <= ? RETURNING full_at",
        (scope.workspace, name, at + cost, at, at, cost, at + ahead - cost, at),
    ).fetchall()
    if taken:
        return timedelta()
    full_at, closed_until = scope.execute(
        "SELECT full_at, closed_until FROM call_budget WHERE workspace = ? AND name = ?", (scope.workspace, name)
    ).fetchone()
    wait_us: int = max(full_at - at - ahead + cost, closed_until - at, 1)
    return wait_us * MICROSECOND


class CallBudget(NamedTuple):
    """A budget as it stands."""

    workspace: str
    name: str
    full_at: datetime
    closed_until: datetime

    def left(self, now: datetime, *, interval: timedelta, depth: int) -> int:
        """Calls that can be made at once; see `take` for `interval` and `depth`."""
        if self.closed_until > now:
            return 0
        return depth - min(depth, -(max(self.full_at - now, timedelta()) // -interval))


def read_all(database: Database) -> list[CallBudget]:
    """The budgets of all workspaces, for those who run the deployment."""
    rows = database.execute("SELECT workspace, name, full_at, closed_until FROM call_budget ORDER BY workspace, name")
    return [CallBudget(row[0], row[1], from_micros(row[2]), from_micros(row[3])) for row in rows.fetchall()]


def close(scope: Scope, name: str, until: datetime) -> None:
    """Lets nobody call until then, or later where somebody was told so before; in a transaction."""
    at = to_micros(until)
    scope.execute(
        "INSERT INTO call_budget (workspace, name, full_at, closed_until) VALUES (?, ?, 0, ?) "
        "ON CONFLICT (workspace, name) DO UPDATE SET closed_until = excluded.closed_until "
        "WHERE call_budget.closed_until < excluded.closed_until",
        (scope.workspace, name, at),
    )
