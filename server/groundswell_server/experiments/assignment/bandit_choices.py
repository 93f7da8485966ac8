"""Bandits' choices for the calls that wait for them: what comes while one transaction commits goes into the next."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial

from groundswell_server.experiments.assignment.sticky_choices import Attributes, stick
from groundswell_server.experiments.catalog.assigner import Assignment
from groundswell_server.experiments.catalog.catalog import read_assigners
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.experiments import counting
from groundswell_storage.scope import Scope

_Waiting = dict[tuple[str, str], tuple[Attributes, asyncio.Future[Assignment]]]
"""By experiment and unit."""


class BanditChoices:
    """Used on the event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._executor = executor
        self._waiting: dict[str, _Waiting] = defaultdict(dict)
        """By workspace."""
        self._writer: asyncio.Task[None] | None = None

    async def choose(self, workspace: str, key: str, unit: str, attributes: Attributes) -> Assignment:
        """What a unit gets in a bandit, stored; raises what the database raises, and then nothing is."""
        waiting = self._waiting[workspace]
        if (key, unit) not in waiting:
            waiting[key, unit] = attributes, asyncio.get_running_loop().create_future()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        # A caller who gives up must not take the answer from another who waits for the same.
        return await asyncio.shield(waiting[key, unit][1])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write(*self._waiting.popitem())
        finally:
            self._writer = None

    async def _write(self, workspace: str, waiting: _Waiting) -> None:
        asked: dict[str, dict[str, Attributes]] = defaultdict(dict)
        for (key, unit), (attributes, _) in waiting.items():
            asked[key][unit] = attributes
        try:
            found = await self._executor.write(partial(self._stick, workspace, asked))
            answers = [found[place] for place in waiting]
        except Exception as error:
            for _, future in waiting.values():
                future.set_exception(error)
                # Who asked may be gone.
                future.exception()
        else:
            for (_, future), answer in zip(waiting.values(), answers, strict=True):
                future.set_result(answer)

    def _stick(self, workspace: str, asked: dict[str, dict[str, Attributes]]) -> dict[tuple[str, str], Assignment]:
        scope = Scope(self._executor.database, workspace, "system", datetime.now(UTC))
        # Units first, all of them, and experiments in one order, so that two servers never wait for each other.
        counting.unit_numbers(scope, {unit for units in asked.values() for unit in units})
        found = {}
        for assigner in sorted(read_assigners(scope, list(asked)).values(), key=lambda one: one.number):
            units = asked[assigner.key]
            found.update({(assigner.key, unit): answer for unit, answer in stick(scope, assigner, units).items()})
        return found
