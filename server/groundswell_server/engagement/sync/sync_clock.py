"""The clock of a sync. It is the database's, so that all servers agree on the budget that is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from groundswell_storage.database import Database

_LOOK_SECONDS = 0.5


class Clock(Protocol):
    """A clock that can wait."""

    def now(self) -> datetime:
        """Returns the current time in UTC."""

    def sleep(self, seconds: float, look: Callable[[], None]) -> None:
        """Waits; calls `look` regularly, which raises when the work has to end."""


class DatabaseClock:
    """The clock of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """Returns the current time in UTC."""
        return self._database.now()

    def sleep(self, seconds: float, look: Callable[[], None]) -> None:
        """Waits; calls `look` twice a second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            look()
            time.sleep(min(left, _LOOK_SECONDS))
