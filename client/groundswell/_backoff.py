"""Exponential backoff for what outlives a single call: a resumable stream, and the wait for an operation.

gRPC itself retries single calls, by the service config in `_policies`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundswell.errors import Cancelled, DeadlineExceeded, GroundswellError, ResourceExhausted, Unavailable


@dataclass(frozen=True, slots=True)
class BackoffPolicy:
    """Waits between attempts, in seconds."""

    first_wait: float = 0.2
    """Longest wait before the second attempt; the actual wait is at least half of it."""
    longest_wait: float = 10.0
    """Upper bound of every wait."""
    growth: float = 2.0
    """Factor by which each wait exceeds the one before."""
    before_contact: float = 10.0
    """Longest time to retry a server that has never answered."""
    after_contact: float = 900.0
    """Longest time to retry a server that has answered before."""
    settled_after: float = 60.0
    """Age at which a silent connection counts as established: no attempt to connect takes as long."""


DEFAULT_BACKOFF = BackoffPolicy()


class Backoff:
    """Decides after each failure how long to wait. It has no clock: callers pass the time, in seconds."""

    def __init__(self, policy: BackoffPolicy, random: Callable[[], float]) -> None:
        self._policy = policy
        self._random = random
        self._outage_start: float | None = None
        self._wait = policy.first_wait
        self._contact = False

    def answered(self) -> None:
        """Ends the outage, because the server answered."""
        self._contact = True
        self._outage_start = None
        self._wait = self._policy.first_wait

    def wait_after(self, error: GroundswellError, opened: float, now: float) -> float | None:
        """Returns the seconds to wait before the next attempt, or None to give up.

        `opened` is when the failed attempt began, `now` when it failed.
        """
        settled = now - opened > self._policy.settled_after
        if settled:
            self.answered()
        if not self._is_transient(error):
            return None
        if settled and isinstance(error, DeadlineExceeded):  # the connection reached its lifetime; nothing is wrong
            return 0.0
        self._outage_start = now if self._outage_start is None else self._outage_start
        limit = self._policy.after_contact if self._contact else self._policy.before_contact
        wait = self._wait * (0.5 + 0.5 * self._random())
        self._wait = min(self._wait * self._policy.growth, self._policy.longest_wait)
        if error.retry_after is not None:
            wait = max(wait, error.retry_after.total_seconds())
        return None if now + wait - self._outage_start > limit else wait

    def _is_transient(self, error: GroundswellError) -> bool:
        """True for errors that may pass. A server that shuts down also cancels; an overloaded one sends a delay."""
        if isinstance(error, Unavailable | DeadlineExceeded):
            return True
        return self._contact and (
            isinstance(error, Cancelled) or (isinstance(error, ResourceExhausted) and error.retry_after is not None)
        )
