"""The experiments of all workspaces as this server knows them: read once, and again when the event log says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol, TypeVar

import structlog

from groundswell_server.caches import Cache
from groundswell_server.experiments.assignment import Assigner
from groundswell_server.experiments.lifecycle import CHANGED, State, experiment_of
from groundswell_storage.errors import FailedPrecondition, GroundswellError, NotFound
from groundswell_storage.experiments import counting, designs
from groundswell_storage.feed import EventFeed
from groundswell_storage.scope import Scope

T = TypeVar("T")

_MOST_EXPERIMENTS, _MOST_STANDINGS = 10_000, 200_000
_AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Reader(Protocol):
    """Runs `work(scope, ...)` for the caller's workspace on a database thread."""

    def __call__(self, work: Callable[..., T], *args: Any) -> Awaitable[T]: ...


class Catalog:
    """Used on the event loop."""

    def __init__(self) -> None:
        self._assigners: Cache[tuple[str, str], Assigner] = Cache(_MOST_EXPERIMENTS)
        self._standing: Cache[tuple[int, int, str], int] = Cache(_MOST_STANDINGS)
        """The variant that a unit was enrolled in, by experiment, bucket version and unit."""

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

    async def stands(self, assigner: Assigner, unit: str, read: Reader) -> int | None:
        """The variant that a unit was enrolled in under this bucket version; None when it was not."""
        key = assigner.number, assigner.bucket_version, unit
        variant = self._standing.get(key)
        if variant is None:
            mark = self._standing.mark()
            variant = await read(_read_standing, assigner.number, assigner.bucket_version, unit)
            # That it takes no part is not remembered: another server may enrol it the next moment.
            if variant is not None:
                self._standing.store(key, variant, mark)
        return variant

    def enrolled(self, assigner: Assigner, unit: str, variant: int) -> None:
        """A unit was enrolled by this server."""
        self._standing.store((assigner.number, assigner.bucket_version, unit), variant, self._standing.mark())

    async def follow(self, feed: EventFeed) -> None:
        """Keeps what is known true as long as the server runs."""
        while True:
            cursor = feed.cursor
            self._assigners.clear()
            try:
                async for batch in feed.follow(cursor, topics=(CHANGED,)):
                    for event in batch.events:
                        self._assigners.forget((event.workspace, event.payload["key"]))
                return  # the feed was closed
            except GroundswellError as error:
                log.warning("news of experiments out of reach; what is known may be old", error=error.message)
                await asyncio.sleep(_AGAIN_SECONDS)


def read_assigners(scope: Scope, keys: Collection[str]) -> dict[str, Assigner]:
    """The experiments of these keys that were started."""
    rows = designs.by_keys(scope, keys)
    phases = designs.phases(scope, [row.number for row in rows.values()])
    return {key: Assigner.of(experiment_of(row, phases[row.number])) for key, row in rows.items() if phases[row.number]}


def _why_not(scope: Scope, key: str) -> GroundswellError:
    row = designs.by_keys(scope, [key]).get(key)
    if row is None:
        return NotFound("experiment", key)
    return FailedPrecondition(
        f"experiment {key!r} is {State(row.state).name}: start it first",
        reason="EXPERIMENT_STATE_INVALID",
        metadata={"state": State(row.state).name},
    )


def _read_standing(scope: Scope, experiment: int, bucket_version: int, unit: str) -> int | None:
    number = counting.find_unit(scope, unit)
    if number is None:
        return None
    exposure = counting.exposures(scope, experiment, [number]).get(number)
    return None if exposure is None or exposure.bucket_version != bucket_version else exposure.variant
