"""The clock of a sync. It is the database's, so that all servers agree on the budget that is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from groundswell_storage.database import Database

_CHECK_SECONDS = 0.5


class Clock(Protocol):
    """A clock that can wait."""

    def now(self) -> datetime:
        """Returns the current time in UTC."""

    def sleep(self, seconds: float, check: Callable[[], None]) -> None:
        """Waits; calls `check` regularly. It raises when the work has to end."""


class DatabaseClock:
    """A clock that reads the time from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """Returns the current time in UTC."""
        return self._database.now()

    def sleep(self, seconds: float, check: Callable[[], None]) -> None:
        """Waits; calls `check` twice a second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            check()
            time.sleep(min(left, _CHECK_SECONDS))
