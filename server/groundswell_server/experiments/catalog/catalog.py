"""The experiments of all workspaces as this server knows them: read once, and again when the event log says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

from groundswell_server.caching.cache import Cache
from groundswell_server.events.event_consumers import invalidate_on
from groundswell_server.experiments.bandits import batches
from groundswell_server.experiments.catalog.assigner import Assigner, Assignment
from groundswell_server.experiments.catalog.enrolled_units import read_enrolments
from groundswell_server.experiments.lifecycle import State, experiment_of, not_started
from groundswell_storage.errors import GroundswellError, NotFound
from groundswell_storage.events.events import Event
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import EXPERIMENT_CHANGED, EXPERIMENT_LEARNED
from groundswell_storage.experiments import counting, designs
from groundswell_storage.scope import Scope

T = TypeVar("T")

_MOST_EXPERIMENTS, _MOST_STANDINGS = 10_000, 200_000


class Reader(Protocol):
    """Runs `work(scope, ...)` for the caller's workspace on a database thread."""

    def __call__(self, work: Callable[..., T], *args: Any) -> Awaitable[T]: ...


class Catalog:
    """Used on the event loop."""

    def __init__(self) -> None:
        self._assigners: Cache[tuple[str, str], Assigner] = Cache(_MOST_EXPERIMENTS)
        self._standing: Cache[tuple[int, int, str], Assignment] = Cache(_MOST_STANDINGS)
        """What a unit was enrolled with, by experiment, bucket version and unit."""

    def known(self, workspace: str, key: str) -> Assigner | None:
        """An experiment from memory."""
        return self._assigners.get((workspace, key))

    async def find(self, workspace: str, key: str, read: Reader) -> Assigner:
        """An experiment that was started; raises NotFound, FailedPrecondition (`EXPERIMENT_STATE_INVALID`)."""
        known = self._assigners.get((workspace, key))
        if known is None:
            mark = self._assigners.mark()
            found = await read(read_assigners, [key])
            known = found.get(key)
            if known is None:
                raise await read(_why_not, key)
            self._assigners.store((workspace, key), known, mark)
        return known

    async def stands(self, assigner: Assigner, unit: str, read: Reader) -> Assignment | None:
        """What a unit was enrolled with under this bucket version; None when it was not."""
        return (await self.find_enrolments(assigner, [unit], read)).get(unit)

    async def find_enrolments(
        self, assigner: Assigner, units: Collection[str], read: Reader
    ) -> Mapping[str, Assignment]:
        """What units were enrolled with under this bucket version, those that were: in one read at most."""
        versioned = assigner.number, assigner.bucket_version
        found = {unit: known for unit in units if (known := self._standing.get((*versioned, unit))) is not None}
        unknown = [unit for unit in units if unit not in found]
        if unknown:
            mark = self._standing.mark()
            # That one takes no part is not remembered: another server may enrol it the next moment.
            for unit, answer in (await read(_read_standing, assigner, unknown)).items():
                self._standing.store((*versioned, unit), answer, mark)
                found[unit] = answer
        return found

    def known_of(self, workspace: str, keys: Collection[str]) -> dict[str, Assigner]:
        """Those of these experiments that are in memory."""
        found = {key: self._assigners.get((workspace, key)) for key in keys}
        return {key: assigner for key, assigner in found.items() if assigner is not None}

    def mark(self) -> int:
        """The moment at which a read begins; what it finds is handed to `learn` with it."""
        return self._assigners.mark()

    def learn(self, workspace: str, assigners: Collection[Assigner], mark: int) -> None:
        """Remembers experiments as a transaction has found them."""
        for assigner in assigners:
            self._assigners.store((workspace, assigner.key), assigner, mark)

    def enrolled(self, assigner: Assigner, unit: str, answer: Assignment) -> None:
        """A unit was enrolled by this server."""
        self._standing.store((assigner.number, assigner.bucket_version, unit), answer, self._standing.mark())

    async def follow(self, feed: EventFeed) -> None:
        """Keeps what is known true as long as the server runs."""
        await follow_changes(feed, (EXPERIMENT_CHANGED, EXPERIMENT_LEARNED), self._assigners)


async def follow_changes(feed: EventFeed, topics: Collection[str], known: Cache[tuple[str, str], T]) -> None:
    """Forgets what is known by workspace and key when the event log says that it changed, until the feed is closed."""

    def heed(event: Event) -> None:
        known.forget((event.workspace, event.payload["key"]))

    await invalidate_on(feed, topics, on_gap=known.clear, on_event=heed)


class Current(NamedTuple):
    """An experiment as it stands."""

    assigner: Assigner
    moves: int
    """How often one of its units was moved so far."""


def read_current(
    scope: Scope, keys: Collection[str], known: Mapping[str, Assigner], *, hold: bool
) -> dict[str, Current]:
    """The experiments of these keys that were started; of those `known`, only whether they are still the same.

    With `hold` none of them changes, and none of their units is moved, before the transaction ends.
    """
    versions = designs.versions(scope, keys, hold=hold)
    old = {key for key, one in versions.items() if key not in known or known[key].version != one.version}
    assigners = {**known, **read_assigners(scope, old)} if old else known
    return {
        key: Current(assigners[key], one.moves)
        for key, one in versions.items()
        if key in assigners and assigners[key].version == one.version
    }


def read_assigners(scope: Scope, keys: Collection[str]) -> dict[str, Assigner]:
    """The experiments of these keys that were started."""
    rows = designs.by_keys(scope, keys)
    phases = designs.phases(scope, [row.number for row in rows.values()])
    started = {key: experiment_of(row, phases[row.number]) for key, row in rows.items() if phases[row.number]}
    current = batches.current(scope, [one.number for one in started.values() if one.design.is_bandit])
    return {key: Assigner.of(one, current.get(one.number)) for key, one in started.items()}


def _why_not(scope: Scope, key: str) -> GroundswellError:
    row = designs.by_keys(scope, [key]).get(key)
    if row is None:
        return NotFound("experiment", key)
    return not_started(key, State(row.state))


def _read_standing(scope: Scope, assigner: Assigner, units: Collection[str]) -> dict[str, Assignment]:
    return read_enrolments(scope, assigner, counting.find_units(scope, units))
