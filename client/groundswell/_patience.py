"""How long to go on after a failure: waits that grow, with chance in them, until patience ends.

gRPC repeats single calls by the service config. This is for what outlives a call: a stream that is taken up again
after its cursor, and the wait for an operation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from groundswell.errors import Cancelled, DeadlineExceeded, GroundswellError, ResourceExhausted, Unavailable


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits between tries, in seconds."""

    first_wait: float = 0.2
    """Longest wait before the second try; the actual one is at least half of it."""
    longest_wait: float = 10.0
    """Where the waits stop growing."""
    growth: float = 2.0
    """Each wait over the one before."""
    before_contact: float = 10.0
    """How long to try a server that never answered."""
    after_contact: float = 900.0
    """How long to try one that did."""
    settled_after: float = 60.0
    """A connection that lived this long was one, even if it was silent: no attempt to connect takes as long."""


PATIENCE = Patience()


class Outage:
    """Decides after each failure how long to wait. Knows no clock: callers pass the time, in seconds."""

    def __init__(self, patience: Patience, random: Callable[[], float]) -> None:
        self._patience = patience
        self._random = random
        self._began: float | None = None
        self._wait = patience.first_wait
        self._contact = False

    def answered(self) -> None:
        """The server answered: the trouble is over."""
        self._contact = True
        self._began = None
        self._wait = self._patience.first_wait

    def wait_after(self, error: GroundswellError, opened: float, now: float) -> float | None:
        """Seconds to wait before the next try of what was opened at `opened` and failed `now`; None to give up."""
        settled = now - opened > self._patience.settled_after
        if settled:
            self.answered()
        if not self._passes(error):
            return None
        if settled and isinstance(error, DeadlineExceeded):  # its lifetime is over, nothing is wrong
            return 0.0
        self._began = now if self._began is None else self._began
        limit = self._patience.after_contact if self._contact else self._patience.before_contact
        wait = self._wait * (0.5 + 0.5 * self._random())
        self._wait = min(self._wait * self._patience.growth, self._patience.longest_wait)
        if error.retry_after is not None:
            wait = max(wait, error.retry_after.total_seconds())
        return None if now + wait - self._began > limit else wait

    def _passes(self, error: GroundswellError) -> bool:
        """True for what time mends. A server that shuts down also cancels; one with too much to do says until when."""
        if isinstance(error, Unavailable | DeadlineExceeded):
            return True
        return self._contact and (
            isinstance(error, Cancelled) or (isinstance(error, ResourceExhausted) and error.retry_after is not None)
        )
