"""A read-through cache loads missing entries and follows the event log."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from groundswell_server.caching.read_through_cache import ReadThroughCache, workspace_and_key
from groundswell_storage.errors import NotFound
from groundswell_storage.events.events import Event


def changed(key: str) -> Event:
    return Event((1, 1), "w", "thing.changed", "0190", {"key": key}, datetime(2026, 3, 1, tzinfo=UTC))


class Store:
    """A store that counts how often it is read."""

    def __init__(self) -> None:
        self.value = 1
        self.reads = 0

    async def load(self) -> int:
        self.reads += 1
        return self.value


def test_an_entry_is_loaded_once() -> None:
    cache: ReadThroughCache[str, int] = ReadThroughCache(10)
    store = Store()

    async def use() -> list[int]:
        return [await cache.find("a", store.load) for _ in range(3)]

    assert asyncio.run(use()) == [1, 1, 1]
    assert store.reads == 1


def test_an_event_invalidates_the_entries_that_it_names_and_no_others() -> None:
    cache: ReadThroughCache[tuple[str, str], int] = ReadThroughCache(10, keys_of=workspace_and_key)
    store = Store()

    async def use() -> list[int]:
        for key in "ab":
            await cache.find(("w", key), store.load)
        store.value = 2
        cache.on_event(changed("a"))
        return [await cache.find(("w", key), store.load) for key in "ab"]

    assert asyncio.run(use()) == [2, 1]


def test_an_event_invalidates_all_entries_of_a_cache_without_keys() -> None:
    cache: ReadThroughCache[str, int] = ReadThroughCache(10)
    cache.store("a", 1, cache.mark())
    cache.on_event(changed("b"))
    assert cache.get("a") is None


def test_a_value_that_is_invalidated_while_it_loads_is_returned_but_not_kept() -> None:
    cache: ReadThroughCache[tuple[str, str], int] = ReadThroughCache(10, keys_of=workspace_and_key)

    async def load() -> int:
        cache.on_event(changed("a"))
        return 1

    assert asyncio.run(cache.find(("w", "a"), load)) == 1
    assert cache.get(("w", "a")) is None


def test_a_failed_load_is_raised_and_repeated_by_the_next_reader() -> None:
    cache: ReadThroughCache[str, int] = ReadThroughCache(10)
    store = Store()

    async def fail() -> int:
        raise NotFound("thing", "a")

    with pytest.raises(NotFound):
        asyncio.run(cache.find("a", fail))
    assert asyncio.run(cache.find("a", store.load)) == 1
