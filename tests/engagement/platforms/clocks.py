"""A clock that nobody waits for: sleeping moves it on. Several processes can share it by its file."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

_TIME = struct.Struct("<d")
CALL_SECONDS = 0.01
"""What a look at the clock takes by it: calls take time, and time must not stand still."""


class SharedClock:
    """Unix seconds in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(_TIME.pack(0.0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _TIME.size)

    def seconds(self) -> float:
        """The time, Unix seconds."""
        return float(_TIME.unpack_from(self._memory)[0])

    def set(self, time: datetime) -> None:
        """Sets it."""
        _TIME.pack_into(self._memory, 0, time.timestamp())

    def now(self) -> datetime:
        """The time, in UTC."""
        _TIME.pack_into(self._memory, 0, self.seconds() + CALL_SECONDS)
        return datetime.fromtimestamp(self.seconds(), UTC)

    def sleep(self, seconds: float, look: Callable[[], None]) -> None:
        """Moves it on."""
        look()
        self.set(datetime.fromtimestamp(self.seconds(), UTC) + timedelta(seconds=seconds))
