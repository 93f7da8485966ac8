"""The signals that end a process, in a form for which its main thread can wait."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Any, Self

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ShutdownSignals:
    """Catches SIGTERM, SIGINT and SIGHUP while the `with` block runs. Use it on the main thread.

    Python writes a byte into a pipe when a signal arrives on any thread. A handler would run only once the main thread
    wakes up, and a signal that interrupts another thread does not wake it.
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
        """Waits at most `seconds` for a signal. Returns True when one arrived; each is reported once."""
        ready, _, _ = select.select([self._reader], [], [], seconds)
        if ready:
            os.read(self._reader, 1)
        return bool(ready)

    def raise_one(self) -> None:
        """Has `wait` return as if a signal had arrived; for other threads."""
        os.write(self._writer, b"!")


def _caught(number: int, frame: FrameType | None) -> None:
    """Replaces the default action, which ends the process."""
