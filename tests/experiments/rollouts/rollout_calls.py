"""Rollouts with a simulated clock: each step is a transaction at a given number of hours after the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from groundswell_server.experiments.counting.event_transaction import record_events
from groundswell_server.experiments.counting.events import Outcome
from groundswell_server.experiments.design.design import Metric
from groundswell_server.experiments.rollout_checks.checks import check
from groundswell_server.experiments.rollout_checks.next_step import NextStep
from groundswell_server.experiments.rollouts import lifecycle
from groundswell_server.experiments.rollouts.design import RolloutDesign, Stage
from groundswell_server.experiments.rollouts.rollout import Rollout
from groundswell_server.experiments.rollouts.stage_split import draw
from groundswell_storage.audit import audit
from groundswell_storage.audit.audit import AuditEntry
from groundswell_storage.database import Database
from groundswell_storage.experiments import unit_counts
from groundswell_storage.experiments.enums import Direction, MetricKind
from tests.experiments.sent import batch, event

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(hours=24)
HALF_THEN_ALL = Stage(0.5, DAY), Stage(1.0, DAY)
CRASHES = Metric("crashes", MetricKind.CONVERSION, direction=Direction.DECREASE, event="crash")
KEY = "search-7"


@dataclass(frozen=True, slots=True)
class Rolling:
    """The rollout `KEY` in the workspace `default`."""

    database: Database

    def begin(self, hours: float = 0.0, **design: Any) -> Rollout:
        """Creates the rollout."""
        with self._at(hours) as scope:
            return lifecycle.create_rollout(
                scope, KEY, RolloutDesign(**{"stages": HALF_THEN_ALL, **design}), target_age=timedelta(days=7)
            )

    def do(self, move: Any, hours: float = 0.0, **others: Any) -> Rollout:
        """Applies a transition of the lifecycle."""
        with self._at(hours) as scope:
            found: Rollout = move(scope, KEY, **others)
            return found

    def check(self, hours: float) -> NextStep | None:
        """Checks the rollout as the periodic job does."""
        id = self.now(hours).id
        with self._at(hours) as scope:
            return check(scope, id)

    def now(self, hours: float = 0.0) -> Rollout:
        """Returns the present rollout."""
        return self.do(lifecycle.get_rollout, hours)

    def count(self, old: int, new: int, *, both: int = 0, sums: Mapping[int, float] | None = None) -> None:
        """Counts units at the present stage; `sums` has the units of a variant with an event of the first metric."""
        number = self.now().stage.counted_as
        with self._at(0.0) as scope:
            unit_counts.add_units(scope, number, {(1, 0): (old, both), (1, 1): (new, 0)})
            # Of zeros and ones the squares are the values.
            hits = {(1, side, 0): (hit, 0.0, 0.0, hit, 0.0, 0.0, 0.0, 0.0, 0.0) for side, hit in (sums or {}).items()}
            unit_counts.add_sums(scope, number, hits)

    def record(self, unit: str, name: str, hours: float = 0.0) -> Outcome:
        """Records an event of a unit."""
        with self._at(hours) as scope:
            return record_events(scope, batch(scope, event(unit, name, experiment_key=KEY))).outcome

    def units(self) -> dict[unit_counts.PhaseVariant, tuple[int, int]]:
        """Returns the counts of the present stage."""
        number = self.now().stage.counted_as
        with self._at(0.0) as scope:
            return unit_counts.read_units(scope, number)

    def steps(self) -> list[AuditEntry]:
        """Returns its steps in the audit log, oldest first."""
        with self._at(0.0) as scope:
            return list(reversed(audit.list_entries(scope, subject=f"rollout/{KEY}", page_size=1000).items))

    def _at(self, hours: float) -> Any:
        return self.database.scope("default", "tester", now=START + timedelta(hours=hours))


def someone(share: float, *, on: bool, compared: bool = True, before: float | None = None) -> str:
    """Returns a unit with this state at a share; `before`: old and compared at that share."""
    for number in range(100_000):
        unit = f"reader-{number}"
        found = draw(KEY, unit, share)
        if (found.is_on, found.is_compared) != (on, compared):
            continue
        earlier = None if before is None else draw(KEY, unit, before)
        if earlier is None or (earlier.is_compared and not earlier.is_on):
            return unit
    raise LookupError("no unit has this state")
