"""The queue of a sync, by call limit: an exhausted limit does not block the units of the others."""

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
"""Takes calls from a limit and returns zero, or returns the time to wait."""


class OverBudget(Exception):
    """No call is left in the budget."""


class CallBudgets:
    """The token buckets of a workspace's calls, shared by all servers."""

    def __init__(self, database: Database, workspace: str, clock: Clock) -> None:
        self._database = database
        self._workspace = workspace
        self._clock = clock

    def take(self, limit: Limit, calls: int) -> timedelta:
        """Takes calls and returns zero, or takes none and returns the time to wait.

        The calls remain taken if the process ends before it makes them, because an unused call does no harm.
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
        """Blocks all calls for some time."""
        with self._database.scope(self._workspace) as scope:
            call_budgets.close(scope, limit.name, self._clock.now() + rest)


class SyncQueue:
    """The units that wait, in order."""

    def __init__(self, price: Callable[[Unit], tuple[Limit, int]]) -> None:
        """`price` returns the limit of a unit and the number of its calls."""
        self._price = price
        self._waiting: dict[Limit, deque[Unit]] = defaultdict(deque)
        self._open_at: dict[Limit, datetime] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, units: Iterable[Unit]) -> None:
        """Appends units."""
        for unit in units:
            self._waiting[self._price(unit)[0]].append(unit)

    def put_back(self, units: Sequence[Unit]) -> None:
        """Puts units at the front."""
        for unit in reversed(units):
            self._waiting[self._price(unit)[0]].appendleft(unit)

    def drop(self, connection_id: str) -> list[Unit]:
        """Removes the units of a connection and returns them."""
        dropped = []
        for limit, units in self._waiting.items():
            dropped += [unit for unit in units if unit.connection.id == connection_id]
            self._waiting[limit] = deque(unit for unit in units if unit.connection.id != connection_id)
        return dropped

    def next(self, take: Take, now: datetime) -> Unit | timedelta:
        """Returns the next unit after taking its calls, or the time until one may be made."""
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
