"""First exposures, recorded behind the answers: gathered for hundredths of a second, written in one transaction.

They sit in memory until then, and are never called acknowledged: a server that is killed loses the last of them, and
the units' first events enrol them again. Where events can't do that, the answers wait (`settling.py`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial

import structlog

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.counting.count_targets import read_count_targets
from groundswell_server.experiments.counting.durable_exposures import Exposed
from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.counting.prometheus import ExposureCollector
from groundswell_storage.errors import GroundswellError, Unavailable
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.experiments import counting
from groundswell_storage.scope import Scope

GATHER_SECONDS = 0.04
_GATHER_LONGEST_SECONDS = 0.05
_GATHERS_TO_WRITES = 4
"""How much longer is gathered than was written last: a transaction costs as much as writing a hundred exposures."""
_AGAIN_SECONDS = 1.0
_MOST_WAITING, _MOST_SEEN = 100_000, 500_000

log = structlog.get_logger(__name__)

Shown = dict[str, int]
"""Unit and the variant it was shown."""
What = tuple[int, int, int, str]
"""Number of the experiment, or of the stage of a rollout; bucket version and phase in which it was shown; its key."""


class Exposures:
    """Used on the event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._executor = executor
        self._seen: dict[Exposed, int] = {}
        self._waiting: dict[tuple[str, What], Shown] = defaultdict(dict)
        self._assigners: dict[tuple[str, str], Assigner] = {}
        """Of what waits, as they were when it was noted last."""
        self._count = 0
        self._something = asyncio.Event()
        self._writing = asyncio.Lock()
        self.figures = ExposureCollector(lambda: self._count)

    def note(self, workspace: str, assigner: Assigner, unit: str, variant: int) -> bool:
        """A unit is shown a variant; whether this server hears it for the first time.

        Raises Unavailable where the database is away for long, unless the unit's first event can enrol it.
        """
        key = assigner.number, assigner.bucket_version, unit
        if self._seen.get(key) == variant:
            return False
        if self._count >= _MOST_WAITING:
            if assigner.is_computed:
                return False
            raise Unavailable("the database has been out of reach for long", reason="DATABASE_UNAVAILABLE")
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[key] = variant
        # In the phase in which it was shown, whatever becomes of the split before it is written.
        what = assigner.number, assigner.bucket_version, assigner.phase, assigner.key
        self._waiting[workspace, what][unit] = variant
        self._assigners[workspace, assigner.key] = assigner
        self._count += 1
        self._something.set()
        return True

    def forget(self, exposed: Exposed) -> None:
        """What was noted of a unit is new to this server when it is noted again."""
        self._seen.pop(exposed, None)

    async def run(self) -> None:
        """Writes what is gathered, as long as the server runs."""
        clock = asyncio.get_running_loop().time
        took = 0.0
        while True:
            await self._something.wait()
            await asyncio.sleep(gather_seconds(took))
            began = clock()
            try:
                await self.flush()
                took = clock() - began
            except GroundswellError as error:
                log.warning("exposures wait for the database", waiting=self._count, error=error.message)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def flush(self) -> None:
        """Writes what waits; returns when it is committed. What could not be written waits on.

        It is on the disk then where no event could enrol the units again.
        """
        async with self._writing:
            self._something.clear()
            waiting, self._waiting = self._waiting, defaultdict(dict)
            count, self._count = self._count, 0
            known, self._assigners = self._assigners, {}
            try:
                for workspace in {workspace for workspace, _ in waiting}:
                    mine = {what: shown for (owner, what), shown in waiting.items() if owner == workspace}
                    mine_known = {key: assigner for (owner, key), assigner in known.items() if owner == workspace}
                    durable = not all(assigner.is_computed for assigner in mine_known.values())
                    await self._executor.write(partial(self._write, workspace, mine, mine_known), durable=durable)
            except BaseException:
                self._assigners = {**known, **self._assigners}
                for owned, shown in waiting.items():
                    self._waiting[owned] = {**shown, **self._waiting[owned]}
                self._count = sum(map(len, self._waiting.values()))
                self._something.set()
                raise
            if count:
                self.figures.committed(count)

    def _write(self, workspace: str, shown: dict[What, Shown], known: dict[str, Assigner]) -> None:
        scope = Scope(self._executor.database, workspace, "system", datetime.now(UTC))
        # Not held: two servers that hold an experiment could not both move units of it.
        current = read_count_targets(scope, {key for *_, key in shown}, known, hold=False)
        numbers = counting.unit_numbers(scope, {unit for units in shown.values() for unit in units})
        # In one order on every server, and what was shown earlier first.
        for (number, bucket_version, phase, key), units in sorted(shown.items()):
            # What was shown at a stage of a rollout that is over is in no comparison any more.
            if key in current and current[key].assigner.number == number:
                then = current[key].assigner.as_of(phase, bucket_version)
                enrol(scope, then, {numbers[unit]: variant for unit, variant in units.items()})


def gather_seconds(took: float) -> float:
    """How long to gather after a transaction that took so many seconds: longer on a slow machine or disk."""
    return max(GATHER_SECONDS, min(_GATHERS_TO_WRITES * took, _GATHER_LONGEST_SECONDS))
