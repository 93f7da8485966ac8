"""A write-behind buffer writes by age and by size, and never holds more than its capacity."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from groundswell_server.caching import write_behind
from groundswell_server.caching.write_behind import WriteBehind
from groundswell_storage.errors import Unavailable


class Table:
    """A table that fails as often as it is asked to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.written: list[dict[str, int]] = []

    async def write(self, values: Mapping[str, int]) -> None:
        await asyncio.sleep(0)
        if self.failures:
            self.failures -= 1
            raise Unavailable("the database cannot be reached")
        self.written.append(dict(values))


async def written(look: Callable[[], bool]) -> None:
    """Returns when `look` returns True; raises TimeoutError when it does not even on a busy machine."""
    async with asyncio.timeout(60):
        while not look():  # noqa: ASYNC110  # the buffer sets no event
            await asyncio.sleep(0.001)


def buffer(table: Table, **changes: Any) -> WriteBehind[str, int]:
    return WriteBehind("tries", table.write, **{"max_age_seconds": 60.0, **changes})


def test_the_newest_value_of_each_key_is_written_in_one_batch() -> None:
    table = Table()

    async def use() -> None:
        tries = buffer(table)
        for key, value in (("a", 1), ("b", 2), ("a", 3)):
            assert tries.put(key, value)
        assert len(tries) == 2
        await tries.flush()
        assert len(tries) == 0

    asyncio.run(use())
    assert table.written == [{"a": 3, "b": 2}]


def test_values_are_written_when_they_are_old_enough() -> None:
    table = Table()

    async def use() -> None:
        buffer(table, max_age_seconds=0.001).put("a", 1)
        await written(lambda: table.written == [{"a": 1}])

    asyncio.run(use())


def test_a_full_batch_is_written_at_once() -> None:
    table = Table()

    async def use() -> None:
        tries = buffer(table, max_batch=2)
        tries.put("a", 1)
        tries.put("b", 2)
        await written(lambda: table.written == [{"a": 1, "b": 2}])

    asyncio.run(use())


def test_a_full_buffer_takes_only_values_of_keys_that_wait() -> None:
    table = Table()

    async def use() -> None:
        tries = buffer(table, capacity=1)
        assert tries.put("a", 1)
        assert not tries.put("b", 2)
        assert tries.put("a", 3)
        await tries.flush()

    asyncio.run(use())
    assert table.written == [{"a": 3}]


def test_a_failed_write_is_retried_with_newer_values_in_place() -> None:
    table = Table(failures=1)

    async def use() -> None:
        tries = buffer(table, retry=True)
        tries.put("a", 1)
        tries.put("b", 2)
        with pytest.raises(Unavailable):
            await tries.flush()
        tries.put("a", 3)
        await tries.flush()

    asyncio.run(use())
    assert table.written == [{"a": 3, "b": 2}]


def test_a_failed_write_is_retried_by_the_buffer_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "RETRY_SECONDS", 0.001)
    table = Table(failures=2)

    async def use() -> None:
        buffer(table, retry=True, max_age_seconds=0.001).put("a", 1)
        await written(lambda: table.written == [{"a": 1}])

    asyncio.run(use())


def test_without_retry_the_values_of_a_failed_write_are_dropped_and_reported() -> None:
    table = Table(failures=1)
    dropped: list[Mapping[str, int]] = []

    async def use() -> None:
        tries = buffer(table, on_drop=dropped.append)
        tries.put("a", 1)
        await tries.flush()
        assert len(tries) == 0

    asyncio.run(use())
    assert (table.written, dropped) == ([], [{"a": 1}])
