"""The call limits of platforms, and the token buckets that enforce them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_AT_ONCE = 0.10
_OVER_THE_WINDOW = 0.85


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of calls in any window of this length.

    A bucket as deep as the limit would allow twice as many: its content, and what flows in during the window. This one
    holds a tenth and refills with 85% over a window. The rest is a margin for calls in flight and for clocks that
    differ.
    """

    name: str
    """Platforms with the same name share the limit."""
    calls: int
    window: timedelta

    @property
    def depth(self) -> int:
        """Calls that can be made at once after a pause."""
        return max(2, int(self.calls * _AT_ONCE))

    @property
    def interval(self) -> timedelta:
        """Time in which one call is refilled."""
        return self.window / (self.calls * _OVER_THE_WINDOW)
