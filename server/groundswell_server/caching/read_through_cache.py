"""A read-through cache: missing entries are loaded by their reader, and events of the log invalidate them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable
from typing import TypeVar

from groundswell_server.caching.cache import TRUST_SECONDS, Cache
from groundswell_server.events.event_consumers import invalidate_on
from groundswell_storage.events.events import Event
from groundswell_storage.events.feed import EventFeed

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ReadThroughCache(Cache[K, V]):
    """The newest entries, up to `size`. It is used on the event loop; `get` works on any thread.

    An entry that an event invalidated while it was being loaded is returned to its reader and not kept.
    """

    def __init__(
        self,
        size: int,
        *,
        topics: Collection[str] = (),
        keys_of: Callable[[Event], Iterable[K]] | None = None,
        trust_seconds: float = TRUST_SECONDS,
    ) -> None:
        """`keys_of` returns the keys that an event of `topics` invalidates; without it an event invalidates all."""
        super().__init__(size, trust_seconds=trust_seconds)
        self._topics = topics
        self._keys_of = keys_of

    async def find(self, key: K, load: Callable[[], Awaitable[V]]) -> V:
        """Returns the entry, loading it when it is missing. Raises the errors of `load`, and keeps nothing then.

        A hot path calls `get` first, which needs neither a coroutine nor a closure.
        """
        found = self.get(key)
        if found is None:
            mark = self.mark()
            found = await load()
            self.store(key, found, mark)
        return found

    def on_event(self, event: Event) -> None:
        """Removes the entries that an event invalidates."""
        if self._keys_of is None:
            self.clear()
            return
        for key in self._keys_of(event):
            self.forget(key)

    async def follow(self, feed: EventFeed) -> None:
        """Invalidates entries as events of the topics arrive, until the feed is closed."""
        await invalidate_on(feed, self._topics, on_gap=self.clear, on_event=self.on_event)


def workspace_and_key(event: Event) -> tuple[tuple[str, str]]:
    """Returns the workspace of an event with the `key` of its payload, for `keys_of`."""
    return ((event.workspace, event.payload["key"]),)
