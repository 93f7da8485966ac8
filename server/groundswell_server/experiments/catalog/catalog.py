"""The catalog of running experiments and enrolments that a server keeps in memory, invalidated by the event log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from groundswell_server.caching.cache import Cache
from groundswell_server.caching.read_through_cache import ReadThroughCache, workspace_and_key
from groundswell_server.experiments.bandits import batches
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment, AssignmentReason
from groundswell_server.experiments.lifecycle import experiment_of, not_started
from groundswell_storage.errors import GroundswellError, NotFound
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import EXPERIMENT_CHANGED, EXPERIMENT_LEARNED
from groundswell_storage.experiments import batches as stored_batches
from groundswell_storage.experiments import designs, unit_counts
from groundswell_storage.experiments.designs import ExperimentRow
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.experiments.keys import find_many
from groundswell_storage.experiments.unit_counts import Exposure
from groundswell_storage.scope import Scope

T = TypeVar("T")

_MAX_EXPERIMENTS, _MAX_ENROLMENTS = 10_000, 200_000


class Reader(Protocol):
    """Runs `work(scope, ...)` for the caller's workspace on a database thread."""

    def __call__(self, work: Callable[..., T], *args: Any) -> Awaitable[T]: ...


class Catalog:
    """The experiments and enrolments of all workspaces; used on the event loop."""

    def __init__(self) -> None:
        self._assigners: ReadThroughCache[tuple[str, str], Assigner] = ReadThroughCache(
            _MAX_EXPERIMENTS, topics=(EXPERIMENT_CHANGED, EXPERIMENT_LEARNED), keys_of=workspace_and_key
        )
        self._enrolments: Cache[tuple[int, int, str], Assignment] = Cache(_MAX_ENROLMENTS)
        """Stored assignments by experiment, bucket version and unit."""

    async def find(self, workspace: str, key: str, read: Reader) -> Assigner:
        """Returns a started experiment; raises NotFound, FailedPrecondition (`EXPERIMENT_STATE_INVALID`)."""
        # The hot path of AssignVariant: a hit needs neither a closure nor another coroutine.
        known = self._assigners.get((workspace, key))
        return known or await self._assigners.find((workspace, key), partial(_load, key, read))

    async def find_enrolment(self, assigner: Assigner, unit: str, read: Reader) -> Assignment | None:
        """Returns the stored assignment of a unit under the current bucket version; None when it has none."""
        return (await self.find_enrolments(assigner, [unit], read)).get(unit)

    async def find_enrolments(
        self, assigner: Assigner, units: Collection[str], read: Reader
    ) -> Mapping[str, Assignment]:
        """Returns the stored assignments of units under the current bucket version, with at most one read."""
        versioned = assigner.number, assigner.bucket_version
        found = {unit: known for unit in units if (known := self._enrolments.get((*versioned, unit))) is not None}
        unknown = [unit for unit in units if unit not in found]
        if unknown:
            mark = self._enrolments.mark()
            # A missing enrolment is not cached: another server may enrol the unit at any moment.
            for unit, assignment in (await read(_read_enrolments, assigner, unknown)).items():
                self._enrolments.store((*versioned, unit), assignment, mark)
                found[unit] = assignment
        return found

    def cached(self, workspace: str, keys: Collection[str]) -> dict[str, Assigner]:
        """Returns the experiments among these keys that are in memory."""
        found = {key: self._assigners.get((workspace, key)) for key in keys}
        return {key: assigner for key, assigner in found.items() if assigner is not None}

    def mark(self) -> int:
        """Returns the position at which a read begins; `remember` takes it together with the result of the read."""
        return self._assigners.mark()

    def remember(self, workspace: str, assigners: Collection[Assigner], mark: int) -> None:
        """Stores experiments that a transaction has read."""
        for assigner in assigners:
            self._assigners.store((workspace, assigner.key), assigner, mark)

    def remember_enrolment(self, assigner: Assigner, unit: str, assignment: Assignment) -> None:
        """Stores an enrolment that this server has made."""
        self._enrolments.store((assigner.number, assigner.bucket_version, unit), assignment, self._enrolments.mark())

    async def follow(self, feed: EventFeed) -> None:
        """Invalidates changed experiments until the feed is closed."""
        await self._assigners.follow(feed)


class CurrentAssigner(NamedTuple):
    """An assigner as read in the current transaction."""

    assigner: Assigner
    moves: int
    """The number of changes of the units' exposures so far."""


def read_current(
    scope: Scope, keys: Collection[str], known: Mapping[str, Assigner], *, hold: bool
) -> dict[str, CurrentAssigner]:
    """Reads the started experiments with these keys; of those in `known` only their version is read.

    With `hold` neither the experiments nor the variants of their units change before the transaction ends.
    """
    versions = designs.versions(scope, keys, hold=hold)
    stale = {key for key, one in versions.items() if key not in known or known[key].version != one.version}
    assigners = {**known, **read_assigners(scope, stale)} if stale else known
    return {
        key: CurrentAssigner(assigners[key], one.moves)
        for key, one in versions.items()
        if key in assigners and assigners[key].version == one.version
    }


def read_assigners(scope: Scope, keys: Collection[str]) -> dict[str, Assigner]:
    """Reads the started experiments with these keys."""
    rows = find_many(scope, ExperimentRow, keys)
    phases = designs.phases(scope, [row.number for row in rows.values()])
    started = {key: experiment_of(row, phases[row.number]) for key, row in rows.items() if phases[row.number]}
    current = batches.current(scope, [one.number for one in started.values() if one.design.is_bandit])
    return {key: Assigner.of(one, current.get(one.number)) for key, one in started.items()}


def assignments_of(scope: Scope, assigner: Assigner, exposures: Mapping[int, Exposure]) -> dict[int, Assignment]:
    """Returns the assignments of exposed units; a bandit's with the probability that was stored with the batch."""
    if assigner.batch is None:
        return {unit: Assignment(one.variant, AssignmentReason.ENROLLED) for unit, one in exposures.items()}
    probabilities = stored_batches.probabilities(scope, assigner.number, {one.phase for one in exposures.values()})
    return {
        unit: Assignment(one.variant, AssignmentReason.ENROLLED, probabilities[one.phase][one.variant])
        for unit, one in exposures.items()
    }


async def _load(key: str, read: Reader) -> Assigner:
    found = (await read(read_assigners, [key])).get(key)
    if found is None:
        raise await read(_unavailable, key)
    return found


def _read_enrolments(scope: Scope, assigner: Assigner, units: Collection[str]) -> dict[str, Assignment]:
    numbers = unit_counts.find_units(scope, units)
    exposures = unit_counts.exposures(scope, assigner.number, numbers.values())
    current = {unit: one for unit, one in exposures.items() if one.bucket_version == assigner.bucket_version}
    assignments = assignments_of(scope, assigner, current)
    return {unit: assignments[number] for unit, number in numbers.items() if number in assignments}


def _unavailable(scope: Scope, key: str) -> GroundswellError:
    row = find_many(scope, ExperimentRow, [key]).get(key)
    if row is None:
        return NotFound("experiment", key)
    return not_started(key, ExperimentState(row.state))
