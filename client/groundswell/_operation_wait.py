"""A wait for an operation: until when, how long at a time, and what is reported of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from random import random
from typing import NamedTuple, TypeAlias

from google.longrunning import operations_pb2
from google.protobuf.duration_pb2 import Duration

from groundswell._backoff import Backoff, BackoffPolicy
from groundswell.errors import DeadlineExceeded, GroundswellError

Report: TypeAlias = Callable[[float, str], object]
"""Takes how far the work is: percent, and what is being done."""

LONGEST_WAIT = 20.0
"""Seconds that one call waits on the server for the end of the work."""
REPORT_EVERY = 0.5
"""The same, in seconds, when somebody wants to see the progress: the server answers only at the end of a wait."""
GRACE = 10.0
"""Seconds that a waiting call may take beyond its wait."""


class Progress(NamedTuple):
    """How far an operation is."""

    pct: float
    """Share of the work that is done, 0 to 100."""
    message: str
    """What is being done, in words."""


class Wait:
    """One wait for an operation: until when, how long at a time, what to report, and when to lose patience."""

    def __init__(self, timeout: float | None, report: Report | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout
        self._timeout = timeout
        self._report = report
        self._reported: Progress | None = None
        self._backoff = Backoff(BackoffPolicy(before_contact=60.0, after_contact=60.0), random)
        self._asked = 0.0

    def next_seconds(self, name: str, now: float) -> float:
        """Seconds for the next wait on the server. Raises DeadlineExceeded when there are none left."""
        self._asked = now
        longest = REPORT_EVERY if self._report else LONGEST_WAIT
        if self._end is None:
            return longest
        if now >= self._end:
            raise DeadlineExceeded(f"{name} is not done after {self._timeout:g} seconds; it goes on")
        return min(longest, self._end - now)

    def answered(self) -> None:
        """The server answered."""
        self._backoff.answered()

    def seconds_after(self, error: GroundswellError, now: float) -> float:
        """Seconds to wait after a failure of the wait itself, not of the work; raises it when that does not help."""
        wait = self._backoff.wait_after(error, self._asked, now)
        if wait is None:
            raise error
        return wait if self._end is None else max(0.0, min(wait, self._end - now))

    def report(self, progress: Progress) -> None:
        """Reports `progress` where it is news."""
        if self._report is not None and progress != self._reported:
            self._reported = progress
            self._report(progress.pct, progress.message)

    def end(self) -> None:
        """Ends the line on a terminal."""
        if isinstance(self._report, _TerminalLine):
            self._report.end()


class _TerminalLine:
    """Progress on stderr: one line that is written over on a terminal, a line each elsewhere."""

    def __init__(self) -> None:
        self._overwrites = sys.stderr.isatty()

    def __call__(self, pct: float, message: str) -> None:
        line = f"{pct:3.0f}% {message}".rstrip()
        sys.stderr.write(f"\r\x1b[K{line}" if self._overwrites else f"{line}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._overwrites:
            sys.stderr.write("\n")


def reporter(progress: Report | bool) -> Report | None:
    if isinstance(progress, bool):
        return _TerminalLine() if progress else None
    return progress


def wait_request(name: str, seconds: float) -> operations_pb2.WaitOperationRequest:
    span = Duration()
    span.FromNanoseconds(int(seconds * 1e9))
    return operations_pb2.WaitOperationRequest(name=name, timeout=span)
