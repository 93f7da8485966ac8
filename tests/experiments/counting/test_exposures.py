"""Exposures wait in memory until they are durable, whatever goes wrong meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from groundswell_server.experiments.assignment.assigner import Assigner
from groundswell_server.experiments.counting.exposures import Exposures
from groundswell_storage.errors import Unavailable
from groundswell_storage.executor import DatabaseExecutor

HOOKS = cast("Assigner", SimpleNamespace(key="hooks", number=1, bucket_version=1))


class BreaksOnce:
    """An executor whose first write fails; it tells what the others would have written."""

    def __init__(self, error: Exception) -> None:
        self._error: Exception | None = error
        self.written: list[dict[Any, dict[str, int]]] = []

    async def write(self, work: Callable[[], None]) -> None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        assert isinstance(work, partial)
        self.written.append(work.args[1])


@pytest.mark.parametrize("error", [Unavailable("the database is away"), ZeroDivisionError()])
def test_what_could_not_be_written_waits_on(error: Exception) -> None:
    executor = BreaksOnce(error)
    exposures = Exposures(cast("DatabaseExecutor", executor))
    assert exposures.note("default", HOOKS, "ana", 1)

    async def main() -> None:
        with pytest.raises(type(error)):
            await exposures.flush()
        assert exposures.note("default", HOOKS, "bo", 0)
        await exposures.flush()

    asyncio.run(main())
    assert executor.written == [{("hooks", 1): {"ana": 1, "bo": 0}}]
