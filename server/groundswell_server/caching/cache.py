"""Memory of what was read from the database: bounded, kept true by the event log, and never trusted for ever."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TRUST_SECONDS = 60.0
"""How long an entry is believed should the news of its change be lost."""


class Cache(Generic[K, V]):
    """The newest entries, up to a number; written on the event loop, read on any thread.

    Use does not make an entry newer: none is believed for longer than a minute, so an entry in use is soon read anew.
    """

    def __init__(
        self, size: int, *, trust_seconds: float = TRUST_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._trust_seconds = trust_seconds
        self._monotonic = monotonic
        # A dict looks for its first entry among all that were dropped before it.
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._ticks = 0
        self._forgotten: dict[K, int] = {}
        """The tick at which a key was forgotten last, for reads that began before it."""
        self._forgotten_before = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The entry; None when it is not known or not to be believed any more."""
        entry = self._entries.get(key)
        return None if entry is None or entry[1] < self._monotonic() else entry[0]

    def mark(self) -> int:
        """The moment at which a read begins; what it finds is handed to `store` with it."""
        return self._ticks

    def store(self, key: K, value: V, mark: int) -> None:
        """Keeps what a read found, unless the key was forgotten since the read began: then it may be old already."""
        if mark < self._forgotten_before or self._forgotten.get(key, -1) >= mark:
            return
        self._entries[key] = value, self._monotonic() + self._trust_seconds
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def forget(self, key: K) -> None:
        """Drops an entry, because what it tells has changed."""
        self._entries.pop(key, None)
        self._forgotten[key] = self._ticks
        self._ticks += 1
        if len(self._forgotten) > self._size:
            self._forgotten.clear()
            self._forgotten_before = self._ticks

    def forget_within(self, key: K, seconds: float) -> None:
        """Lets an entry that is dear to read live on, but no longer than so many seconds from now."""
        entry = self._entries.get(key)
        if entry is None:
            self.forget(key)
        else:
            self._entries[key] = entry[0], min(entry[1], self._monotonic() + seconds)

    def clear(self) -> None:
        """Drops everything, because it is not known what has changed."""
        self._entries.clear()
        self._forgotten.clear()
        self._ticks += 1
        self._forgotten_before = self._ticks
