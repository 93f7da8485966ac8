"""The queue of a sync: units by the limit that they draw on, so that one that is used up keeps no other waiting."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.sync.sync_clock import Clock
from groundswell_server.engagement.sync.sync_plan import Unit
from groundswell_storage.database import Database
from groundswell_storage.engagement import call_budgets

Take = Callable[[Limit, int], timedelta]
"""Takes calls of a limit and returns zero, or returns how long to wait."""


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


class SyncQueue:
    """Units that wait, in order."""

    def __init__(self, price: Callable[[Unit], tuple[Limit, int]]) -> None:
        """`price` is the limit that a unit draws on, and the calls that it makes."""
        self._price = price
        self._waiting: dict[Limit, deque[Unit]] = defaultdict(deque)
        self._open_at: dict[Limit, datetime] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, units: Iterable[Unit]) -> None:
        """Puts units at the end."""
        for unit in units:
            self._waiting[self._price(unit)[0]].append(unit)

    def put_back(self, units: Sequence[Unit]) -> None:
        """Puts units first again."""
        for unit in reversed(units):
            self._waiting[self._price(unit)[0]].appendleft(unit)

    def drop(self, connection_id: str) -> list[Unit]:
        """Takes all units of a connection out and returns them."""
        dropped = []
        for limit, units in self._waiting.items():
            dropped += [unit for unit in units if unit.connection.id == connection_id]
            self._waiting[limit] = deque(unit for unit in units if unit.connection.id != connection_id)
        return dropped

    def next(self, take: Take, now: datetime) -> Unit | timedelta:
        """The next unit, its calls taken; or how long to wait until one may be made."""
        waits = []
        for limit, units in self._waiting.items():
            if not units:
                continue
            wait = self._open_at.get(limit, now) - now
            if wait <= timedelta():
                wait = take(limit, self._price(units[0])[1])
                if not wait:
                    return units.popleft()
                self._open_at[limit] = now + wait
            waits.append(wait)
        return min(waits)
