"""A bounded cache of values that were read from the database. Its entries expire and can be invalidated."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

TRUST_SECONDS = 60.0
"""Lifetime of an entry, in case the event that invalidates it is lost."""


class Cache(Generic[K, V]):
    """The newest entries, up to a number; written on the event loop, read on any thread.

    A read does not renew an entry: an entry lives for a minute, so an entry in use is soon loaded again anyway.
    """

    def __init__(
        self, size: int, *, trust_seconds: float = TRUST_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._trust_seconds = trust_seconds
        self._monotonic = monotonic
        # A plain dict finds its first entry slowly after many deletions at its front.
        self._entries: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._ticks = 0
        self._forgotten: dict[K, int] = {}
        """The tick of the last invalidation of a key, for loads that began before it."""
        self._forgotten_before = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Returns the entry; None when it is missing or has expired."""
        entry = self._entries.get(key)
        return None if entry is None or entry[1] < self._monotonic() else entry[0]

    def mark(self) -> int:
        """Returns a mark for the beginning of a load; pass it to `store` with the value."""
        return self._ticks

    def store(self, key: K, value: V, mark: int) -> None:
        """Adds a loaded value, unless the key was invalidated after `mark`: the value may be stale then."""
        if mark < self._forgotten_before or self._forgotten.get(key, -1) >= mark:
            return
        self._entries[key] = value, self._monotonic() + self._trust_seconds
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def forget(self, key: K) -> None:
        """Removes an entry, because its value has changed."""
        self._entries.pop(key, None)
        self._forgotten[key] = self._ticks
        self._ticks += 1
        if len(self._forgotten) > self._size:
            self._forgotten.clear()
            self._forgotten_before = self._ticks

    def forget_within(self, key: K, seconds: float) -> None:
        """Lets an entry that is expensive to load expire within so many seconds, instead of removing it."""
        entry = self._entries.get(key)
        if entry is None:
            self.forget(key)
        else:
            self._entries[key] = entry[0], min(entry[1], self._monotonic() + seconds)

    def clear(self) -> None:
        """Removes all entries, because changes may have been missed."""
        self._entries.clear()
        self._forgotten.clear()
        self._ticks += 1
        self._forgotten_before = self._ticks
