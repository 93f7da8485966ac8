"""The signals that ask a process to end, as something its main thread can wait for."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Any, Self

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ShutdownSignals:
    """Catches SIGTERM, SIGINT and SIGHUP while the `with` block runs. For the main thread.

    Python itself writes a byte into a pipe the moment a signal arrives, on whatever thread that is. A handler of ours
    would run only once the main thread wakes up, and a signal that interrupts another thread does not wake it.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._wakeup = signal.set_wakeup_fd(self._writer)
        self._before: dict[signal.Signals, Any] = {number: signal.signal(number, _caught) for number in ENDING}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._reader)
        os.close(self._writer)

    def wait(self, seconds: float | None = None) -> bool:
        """Waits for a signal, at most so long; returns whether one came. Each is reported once."""
        ready, _, _ = select.select([self._reader], [], [], seconds)
        if ready:
            os.read(self._reader, 1)
        return bool(ready)

    def raise_one(self) -> None:
        """Has `wait` return as if a signal had come; for other threads."""
        os.write(self._writer, b"!")


def _caught(number: int, frame: FrameType | None) -> None:
    """In place of the end of the process."""
