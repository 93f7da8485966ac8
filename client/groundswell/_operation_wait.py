"""The wait for an operation: its timeout, its polls and its progress reports."""

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
"""Receives the progress: percent, and a message."""

MAX_WAIT = 20.0
"""Seconds that one call waits on the server for the end of the operation."""
REPORT_EVERY = 0.5
"""The same, in seconds, when progress is reported, because the server answers only at the end of a wait."""
GRACE = 10.0
"""Seconds that a waiting call may take longer than its wait."""


class Progress(NamedTuple):
    """The progress of an operation."""

    pct: float
    """Share of the work that is done, 0 to 100."""
    message: str
    """The current step, in words."""


class Wait:
    """One wait for an operation: computes the polls, reports the progress, and decides when to give up."""

    def __init__(self, timeout: float | None, report: Report | None) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout
        self._timeout = timeout
        self._report = report
        self._reported: Progress | None = None
        self._backoff = Backoff(BackoffPolicy(before_contact=60.0, after_contact=60.0), random)
        self._asked = 0.0

    def next_seconds(self, name: str, now: float) -> float:
        """Returns the seconds for the next wait on the server. Raises DeadlineExceeded when none are left."""
        self._asked = now
        longest = REPORT_EVERY if self._report else MAX_WAIT
        if self._end is None:
            return longest
        if now >= self._end:
            raise DeadlineExceeded(f"{name} is not done after {self._timeout:g} seconds; the work continues")
        return min(longest, self._end - now)

    def answered(self) -> None:
        """Records that the server answered."""
        self._backoff.answered()

    def seconds_after(self, error: GroundswellError, now: float) -> float:
        """Returns the seconds to wait after a call has failed. Raises the error when another attempt can't help."""
        wait = self._backoff.wait_after(error, self._asked, now)
        if wait is None:
            raise error
        return wait if self._end is None else max(0.0, min(wait, self._end - now))

    def report(self, progress: Progress) -> None:
        """Reports `progress` when it has changed."""
        if self._report is not None and progress != self._reported:
            self._reported = progress
            self._report(progress.pct, progress.message)

    def end(self) -> None:
        """Ends the line of a terminal."""
        if isinstance(self._report, _TerminalLine):
            self._report.end()


class _TerminalLine:
    """Progress on stderr: one line that is overwritten on a terminal, a new line each time elsewhere."""

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
