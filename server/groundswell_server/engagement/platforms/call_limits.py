"""Limits: how many calls a platform allows in a window of time, and the bucket that keeps to that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

_AT_ONCE = 0.10
_OVER_THE_WINDOW = 0.85


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls in any window of this length.

    A bucket as deep as the limit would allow twice as many: all that is in it, and all that flows in during the window.
    This one holds a tenth and refills with 85% over a window. The rest is for calls that are on their way and for
    clocks that differ.
    """

    name: str
    """Platforms with the same name share it."""
    calls: int
    window: timedelta

    @property
    def depth(self) -> int:
        """Calls that can be made at once after a rest."""
        return max(2, int(self.calls * _AT_ONCE))

    @property
    def interval(self) -> timedelta:
        """The time in which one call comes back."""
        return self.window / (self.calls * _OVER_THE_WINDOW)
