"""The clock of syncs, which is the database's, so that all servers agree on what is left of a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from groundswell_storage.database import Database

_LOOK_SECONDS = 0.5


class Clock(Protocol):
    """Time, and waiting for it to pass."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def sleep(self, seconds: float, look: Callable[[], None]) -> None:
        """Waits; calls `look` now and then, which raises when the work has to end."""


class DatabaseClock:
    """The database's time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._database.now()

    def sleep(self, seconds: float, look: Callable[[], None]) -> None:
        """Waits, and looks twice a second."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            look()
            time.sleep(min(left, _LOOK_SECONDS))
