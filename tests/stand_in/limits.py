"""Limits as platforms enforce them, each by its own clock of windows."""

from __future__ import annotations

from collections import deque


class RollingWindow:
    """So many calls in any span of this length: Graph and TikTok."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self.refused = 0
        self._made: deque[float] = deque()

    def allows(self, now: float) -> bool:
        """Counts a call if it is allowed, or its refusal."""
        while self._made and self._made[0] <= now - self.seconds:
            self._made.popleft()
        if len(self._made) < self.calls:
            self._made.append(now)
            return True
        self.refused += 1
        return False

    @property
    def used_pct(self) -> int:
        """How much of it is used, percent."""
        return 100 * len(self._made) // self.calls

    def regain_seconds(self, now: float) -> float:
        """The time until a call is allowed again."""
        return max(0.0, self._made[0] + self.seconds - now) if len(self._made) >= self.calls else 0.0


class FixedWindow:
    """So many calls in windows that follow each other: X."""

    def __init__(self, calls: int, seconds: float) -> None:
        self.calls = calls
        self.seconds = seconds
        self.refused = 0
        self.reset = 0.0
        """When the window ends, Unix seconds."""
        self.remaining = calls

    def allows(self, now: float) -> bool:
        """Counts a call if it is allowed, or its refusal."""
        if now >= self.reset:
            self.reset, self.remaining = now + self.seconds, self.calls
        if self.remaining:
            self.remaining -= 1
            return True
        self.refused += 1
        return False
