"""CallBudgets: calls are taken from the workspace's bucket before they are made, whichever server makes them."""

from __future__ import annotations

from datetime import timedelta

from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.sync.sync_clock import Clock
from groundswell_storage import call_budgets
from groundswell_storage.database import Database


class OverBudget(Exception):
    """No call is left now."""


class CallBudgets:
    """The buckets of a workspace."""

    def __init__(self, database: Database, workspace: str, clock: Clock) -> None:
        self._database = database
        self._workspace = workspace
        self._clock = clock

    def take(self, limit: Limit, calls: int) -> timedelta:
        """Takes calls and returns zero, or takes none and returns how long to wait.

        What was taken is gone, should the process end before the call: better too few calls than one too many.
        """
        with self._database.scope(self._workspace) as scope:
            return call_budgets.take(
                scope, limit.name, self._clock.now(), calls=calls, interval=limit.interval, depth=limit.depth
            )

    def spend(self, limit: Limit) -> None:
        """Takes one call; raises OverBudget when none is left."""
        if self.take(limit, 1):
            raise OverBudget

    def close(self, limit: Limit, rest: timedelta) -> None:
        """Lets nobody call for a while."""
        with self._database.scope(self._workspace) as scope:
            call_budgets.close(scope, limit.name, self._clock.now() + rest)
