"""A write-behind buffer of first exposures: gathered for hundredths of a second, then written in one transaction.

Exposures in the buffer are not acknowledged. A server that is killed loses them, and the units' first events enrol the
units again. Where events cannot enrol a unit, the answer waits for the commit (`durable_exposures.py`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from functools import partial

import structlog

from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.counting.count_targets import read_count_targets
from groundswell_server.experiments.counting.durable_exposures import ExposureKey
from groundswell_server.experiments.counting.enrolment import enrol
from groundswell_server.experiments.counting.prometheus import ExposureCollector
from groundswell_server.experiments.rollouts.evaluator import Evaluation
from groundswell_storage.errors import GroundswellError, Unavailable
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.experiments import unit_counts
from groundswell_storage.scope import Scope

GATHER_SECONDS = 0.04
_MAX_GATHER_SECONDS = 0.05
_GATHERS_TO_WRITES = 4
"""The ratio of gathering time to the last writing time: a transaction costs as much as writing a hundred exposures."""
_RETRY_SECONDS = 1.0
_MAX_WAITING, _MAX_SEEN = 100_000, 500_000

log = structlog.get_logger(__name__)

Shown = dict[str, int]
"""The variant that each unit was shown."""
Target = tuple[int, int, int, str]
"""The number of an experiment or of a rollout stage, the bucket version and phase of the exposure, and the key."""


class Exposures:
    """The buffer of exposures; used on the event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._executor = executor
        self._seen: dict[ExposureKey, int] = {}
        self._waiting: dict[tuple[str, Target], Shown] = defaultdict(dict)
        self._assigners: dict[tuple[str, str], Assigner] = {}
        """The assigners of waiting exposures, in their latest version."""
        self._count = 0
        self._has_waiting = asyncio.Event()
        self._writing = asyncio.Lock()
        self.collector = ExposureCollector(lambda: self._count)

    def note(self, workspace: str, assigner: Assigner, unit: str, variant: int) -> bool:
        """Notes that a unit is shown a variant; returns True when that is new to this server.

        Raises Unavailable when the buffer is full because the database does not answer. An exposure that the unit's
        first event can make up for is dropped instead.
        """
        key = assigner.number, assigner.bucket_version, unit
        if self._seen.get(key) == variant:
            return False
        if self._count >= _MAX_WAITING:
            if assigner.is_computed:
                return False
            raise Unavailable(
                "the database has not answered for a long time: retry later", reason="DATABASE_UNAVAILABLE"
            )
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen[key] = variant
        # The exposure belongs to the phase in which it happened, even if the split changes before it is written.
        target = assigner.number, assigner.bucket_version, assigner.phase, assigner.key
        self._waiting[workspace, target][unit] = variant
        self._assigners[workspace, assigner.key] = assigner
        self._count += 1
        self._has_waiting.set()
        return True

    def note_evaluation(self, workspace: str, assigner: Assigner, evaluation: Evaluation) -> None:
        """Notes the exposure of a unit in a rollout if the unit is compared."""
        if evaluation.compared_variant is not None:
            self.note(workspace, assigner, evaluation.unit, evaluation.compared_variant)

    def forget(self, exposure: ExposureKey) -> None:
        """Makes an exposure count as new when it is noted again."""
        self._seen.pop(exposure, None)

    async def run(self) -> None:
        """Writes gathered exposures for as long as the server runs."""
        clock = asyncio.get_running_loop().time
        took = 0.0
        while True:
            await self._has_waiting.wait()
            await asyncio.sleep(gather_seconds(took))
            began = clock()
            try:
                await self.flush()
                took = clock() - began
            except GroundswellError as error:
                log.warning("exposures wait for the database", waiting=self._count, error=error.message)
                await asyncio.sleep(_RETRY_SECONDS)

    async def flush(self) -> None:
        """Writes the waiting exposures; returns after the commit. Exposures that cannot be written remain waiting.

        The commit is synchronised to the disk when it contains exposures that no event could make up for.
        """
        async with self._writing:
            self._has_waiting.clear()
            waiting, self._waiting = self._waiting, defaultdict(dict)
            count, self._count = self._count, 0
            known, self._assigners = self._assigners, {}
            try:
                for workspace in {workspace for workspace, _ in waiting}:
                    mine = {target: shown for (owner, target), shown in waiting.items() if owner == workspace}
                    mine_known = {key: assigner for (owner, key), assigner in known.items() if owner == workspace}
                    durable = not all(assigner.is_computed for assigner in mine_known.values())
                    await self._executor.write(partial(self._write, workspace, mine, mine_known), durable=durable)
            except BaseException:
                self._assigners = {**known, **self._assigners}
                for place, shown in waiting.items():
                    self._waiting[place] = {**shown, **self._waiting[place]}
                self._count = sum(map(len, self._waiting.values()))
                self._has_waiting.set()
                raise
            if count:
                self.collector.committed(count)

    def _write(self, workspace: str, shown: dict[Target, Shown], known: dict[str, Assigner]) -> None:
        scope = Scope(self._executor.database, workspace, "system", datetime.now(UTC))
        # Without `hold`: two servers that hold an experiment would block each other when both move units.
        current = read_count_targets(scope, {key for *_, key in shown}, known, hold=False)
        numbers = unit_counts.unit_numbers(scope, {unit for units in shown.values() for unit in units})
        # Every server writes in the same order, earlier exposures first.
        for (number, bucket_version, phase, key), units in sorted(shown.items()):
            # Exposures in an earlier stage of a rollout are no longer compared.
            if key in current and current[key].assigner.number == number:
                shown_in = current[key].assigner.as_of(phase, bucket_version)
                enrol(scope, shown_in, {numbers[unit]: variant for unit, variant in units.items()})


def gather_seconds(took: float) -> float:
    """Returns the gathering time after a transaction of `took` seconds: longer on a slow machine or disk."""
    return max(GATHER_SECONDS, min(_GATHERS_TO_WRITES * took, _MAX_GATHER_SECONDS))
