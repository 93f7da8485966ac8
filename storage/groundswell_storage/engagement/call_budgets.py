"""Call budgets: the calls of a platform's API that a workspace may make, shared by all its servers.

A token bucket represented by one number: the time at which it will be full again (the generic cell rate algorithm of
ATM networks, ITU-T I.371). Each call moves that time on by one interval; a call that would move it further ahead than
the depth of the bucket has to wait. One statement compares and sets, so that two servers never take the same call.
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
    """The state of a budget."""

    name = TextField()
    full_at = InstantField()
    """Time at which the bucket is full again."""
    closed_until = InstantField()
    """End of the pause that the platform asked for."""

    class Meta:
        primary_key = CompositeKey("workspace", "name")


def take(scope: Scope, name: str, now: datetime, *, calls: int, interval: timedelta, depth: int) -> timedelta:
    """Takes calls of a budget and returns zero, or takes none and returns the time to wait; called in a transaction.

    `interval` is the time in which one call is replenished, `depth` the most calls at once, at least `calls`.
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
    """A budget in its current state."""

    workspace: str
    name: str
    full_at: datetime
    closed_until: datetime

    def left(self, now: datetime, *, interval: timedelta, depth: int) -> int:
        """Returns the calls that can be made at once; see `take` for `interval` and `depth`."""
        if self.closed_until > now:
            return 0
        return depth - min(depth, -(max(self.full_at - now, timedelta()) // -interval))


def read_all(database: Database) -> list[CallBudget]:
    """Returns the budgets of all workspaces, for the deployment's operators."""
    rows = database.execute("SELECT workspace, name, full_at, closed_until FROM call_budget ORDER BY workspace, name")
    return [CallBudget(row[0], row[1], from_micros(row[2]), from_micros(row[3])) for row in rows.fetchall()]


def close(scope: Scope, name: str, until: datetime) -> None:
    """Allows no calls until a time, or until the later time that was set before; called in a transaction."""
    at = to_micros(until)
    scope.execute(
        "INSERT INTO call_budget (workspace, name, full_at, closed_until) VALUES (?, ?, 0, ?) "
        "ON CONFLICT (workspace, name) DO UPDATE SET closed_until = excluded.closed_until "
        "WHERE call_budget.closed_until < excluded.closed_until",
        (scope.workspace, name, at),
    )
