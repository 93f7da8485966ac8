"""A clock that nobody waits for: sleeping moves it on. Several processes can share it by its file."""

from __future__ import annotations

import fcntl
import mmap
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

_TIME = struct.Struct("<d")
CALL_SECONDS = 0.01
"""Time that passes with each reading of the clock, because calls take time."""


class SharedClock:
    """Unix seconds in a file; it never goes back, whichever process moves it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(_TIME.pack(0.0))
        self._file = path.open("r+b")
        self._memory = mmap.mmap(self._file.fileno(), _TIME.size)
        self._thread = threading.Lock()

    def seconds(self) -> float:
        """The time, Unix seconds."""
        return float(_TIME.unpack_from(self._memory)[0])

    def set(self, time: datetime) -> None:
        """Sets it."""
        _TIME.pack_into(self._memory, 0, time.timestamp())

    def now(self) -> datetime:
        """The time, in UTC."""
        with self._alone():
            now = self.seconds() + CALL_SECONDS
            _TIME.pack_into(self._memory, 0, now)
        return datetime.fromtimestamp(now, UTC)

    def sleep(self, seconds: float, check: Callable[[], None]) -> None:
        """Moves it on; who sleeps beside others sleeps no longer."""
        until = self.seconds() + seconds
        check()
        with self._alone():
            _TIME.pack_into(self._memory, 0, max(self.seconds(), until))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread or process moves it meanwhile."""
        with self._thread:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
