"""Choices of bandits, stored before the answer: a unit keeps its variant from then on (sticky assignment).

Choices share transactions: those that arrive while one transaction commits go into the next. When two servers choose
for the same unit at the same time, the first stored row wins and both servers answer with it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from groundswell_server.experiments.bandits import batches
from groundswell_server.experiments.bandits.batches import Batch
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment
from groundswell_server.experiments.catalog.catalog import assignments_of, read_assigners
from groundswell_server.experiments.counting.enrolment import enrol_by
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.experiments import batches as stored_batches
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.experiments.unit_counts import Exposure
from groundswell_storage.scope import Scope

Attributes = Mapping[str, Any]
_Waiting = dict[tuple[str, str], tuple[Attributes, asyncio.Future[Assignment]]]
"""Waiting calls by experiment and unit."""


class BanditChoices:
    """The choices that calls wait for; used on the event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._executor = executor
        self._waiting: dict[str, _Waiting] = defaultdict(dict)
        """Waiting calls by workspace."""
        self._writer: asyncio.Task[None] | None = None

    async def choose(self, workspace: str, key: str, unit: str, attributes: Attributes) -> Assignment:
        """Returns the stored choice for a unit; raises the database's error, after which nothing is stored."""
        waiting = self._waiting[workspace]
        if (key, unit) not in waiting:
            waiting[key, unit] = attributes, asyncio.get_running_loop().create_future()
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        # Shielded, because a cancelled caller must not cancel the choice for another caller that waits for it.
        return await asyncio.shield(waiting[key, unit][1])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write(*self._waiting.popitem())
        finally:
            self._writer = None

    async def _write(self, workspace: str, waiting: _Waiting) -> None:
        requested: dict[str, dict[str, Attributes]] = defaultdict(dict)
        for (key, unit), (attributes, _) in waiting.items():
            requested[key][unit] = attributes
        try:
            found = await self._executor.write(partial(self._choose, workspace, requested))
            assignments = [found[place] for place in waiting]
        except Exception as error:
            for _, future in waiting.values():
                future.set_exception(error)
                # Marks the exception as retrieved: the caller may have been cancelled.
                future.exception()
        else:
            for (_, future), assignment in zip(waiting.values(), assignments, strict=True):
                future.set_result(assignment)

    def _choose(self, workspace: str, requested: dict[str, dict[str, Attributes]]) -> dict[tuple[str, str], Assignment]:
        scope = Scope(self._executor.database, workspace, "system", datetime.now(UTC))
        # All units first, then experiments in the order of their numbers: two servers never deadlock.
        unit_counts.unit_numbers(scope, {unit for units in requested.values() for unit in units})
        found = {}
        for assigner in sorted(read_assigners(scope, list(requested)).values(), key=lambda one: one.number):
            chosen = choose_variants(scope, assigner, requested[assigner.key])
            found.update({(assigner.key, unit): assignment for unit, assignment in chosen.items()})
        return found


def choose_variants(scope: Scope, assigner: Assigner, units: Mapping[str, Attributes]) -> dict[str, Assignment]:
    """Returns the assignments of units with their attributes; chooses in the newest batch for units without one.

    `assigner` is that of a bandit, read in this transaction.
    """
    if assigner.state is ExperimentState.RUNNING:
        assigner = assigner.in_batch(_current_batch(scope, assigner))
    assignments = {unit: assigner.assign(unit, attributes) for unit, attributes in units.items()}
    numbers = unit_counts.unit_numbers(scope, {unit for unit, found in assignments.items() if found.is_enrolled})
    chosen = {number: assignments[unit].variant for unit, number in numbers.items()}
    stored = assignments_of(scope, assigner, _enrol(scope, assigner, chosen))
    return {unit: stored[numbers[unit]] if unit in numbers else found for unit, found in assignments.items()}


def _current_batch(scope: Scope, assigner: Assigner) -> Batch:
    """Returns the newest batch; begins another one when it is over."""
    batch = assigner.current_batch
    options = assigner.design.bandit
    chosen = stored_batches.chosen_units(scope, assigner.number, batch.number)
    if options is None or not batch.is_over(chosen, scope.now, options):
        return batch
    return batches.begin(scope, assigner.number, assigner.key, assigner.design, assigner.phase, batch.number)


def _enrol(scope: Scope, assigner: Assigner, chosen: Mapping[int, int]) -> dict[int, Exposure]:
    """Enrols units with their chosen variants; returns the exposures of all of them.

    A unit that has a variant under the current bucket version keeps it. A unit that returns after the version was
    raised may get another variant: it then counts as crossed, and in neither variant. With the same variant it keeps
    its earlier exposure.
    """
    batch, version = assigner.current_batch.number, assigner.bucket_version
    exposures = {unit: Exposure(variant, batch, version, False) for unit, variant in chosen.items()}
    return enrol_by(_keep_or_cross, scope, assigner, exposures)


def _keep_or_cross(before: Exposure, chosen: Exposure) -> Exposure:
    if before.bucket_version >= chosen.bucket_version:
        return before
    if before.variant == chosen.variant:
        return before._replace(bucket_version=chosen.bucket_version)
    return chosen._replace(crossed=True)
