"""Watchers of one experiment share an analysis that began after the last change they know of."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from groundswell_server.experiments.interim_analysis import shared_analyses
from groundswell_server.experiments.interim_analysis.shared_analyses import SharedAnalyses
from groundswell_storage.errors import Unavailable
from groundswell_storage.events.events import encode_cursor


class World:
    """Analyses that end on request, and an event log that grows on request."""

    def __init__(self, error: Exception | None = None) -> None:
        self.feed: Any = SimpleNamespace(cursor=encode_cursor((0, 1)))
        self.shared = SharedAnalyses(self.feed)
        self.begun = 0
        self.error = error
        self.may_end = asyncio.Event()
        self.has_begun = asyncio.Event()

    async def analyze(self) -> Any:
        self.begun += 1
        self.has_begun.set()
        number = self.begun
        await self.may_end.wait()
        if self.error:
            raise self.error
        return number

    def take(self, since: int | None, key: str = "hooks", workspace: str = "acme") -> Any:
        return self.shared.run(workspace, key, self.analyze, None if since is None else (0, since))

    def grow(self, to: int) -> None:
        self.feed.cursor = encode_cursor((0, to))


async def test_an_analysis_serves_all_watchers_notified_before_it_began() -> None:
    world = World()
    world.may_end.set()
    world.grow(5)
    results = await asyncio.gather(*(world.take(since) for since in (5, 3, 5, 1)))
    assert results == [(encode_cursor((0, 5)), 1)] * 4
    world.grow(6)
    assert await world.take(5) == (encode_cursor((0, 5)), 1), "one that is over serves too"
    assert await world.take(6) == (encode_cursor((0, 6)), 2)


async def test_an_analysis_that_began_before_the_change_is_not_shared() -> None:
    world = World()
    first = asyncio.create_task(world.take(1))
    await world.has_begun.wait()
    world.grow(2)
    second = asyncio.create_task(world.take(2))
    world.may_end.set()
    assert [one[1] for one in await asyncio.gather(first, second)] == [1, 2]


async def test_a_fresh_analysis_is_run_on_request() -> None:
    world = World()
    world.may_end.set()
    assert [(await world.take(None))[1] for _ in range(3)] == [1, 2, 3]


async def test_other_experiments_and_workspaces_have_separate_analyses() -> None:
    world = World()
    world.may_end.set()
    found = [await world.take(1), await world.take(1, "captions"), await world.take(1, workspace="elsewhere")]
    assert [one[1] for one in found] == [1, 2, 3]


async def test_a_cancelled_watcher_does_not_cancel_a_shared_analysis() -> None:
    world = World()
    first = asyncio.create_task(world.take(1))
    second = asyncio.create_task(world.take(1))
    await world.has_begun.wait()
    first.cancel()
    world.may_end.set()
    assert (await second)[1] == 1
    assert first.cancelled()


async def test_a_failure_reaches_all_watchers_and_the_next_analysis_is_new() -> None:
    world = World(Unavailable("the database is away", reason="DATABASE_UNAVAILABLE"))
    world.may_end.set()
    failed = await asyncio.gather(*(world.take(1) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in failed] == [Unavailable] * 3
    world.error = None
    assert (await world.take(1))[1] == 2


async def test_few_analyses_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_analyses, "_MAX_ENTRIES", 2)
    world = World()
    world.may_end.set()
    for key in ("a", "b", "c"):
        await world.take(1, key)
    assert [(await world.take(1, key))[1] for key in ("c", "b", "a")] == [3, 2, 4]
