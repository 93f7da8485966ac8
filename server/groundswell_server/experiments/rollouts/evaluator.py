"""Whether a unit gets what is new: pure, from the rollouts of all workspaces as this server knows them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from groundswell_server.caching.cache import Cache
from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.catalog.catalog import Current, Reader, follow_changes
from groundswell_server.experiments.design.design import Design, Variant
from groundswell_server.experiments.lifecycle import Experiment, Phase, State
from groundswell_server.experiments.rollouts.lifecycle import get_rollout
from groundswell_server.experiments.rollouts.rollout import PHASE, UNDER_WAY, Rollout, rollout_of
from groundswell_server.experiments.rollouts.stage_split import NEW, Draw, StageSplit, draw
from groundswell_storage.events.feed import EventFeed
from groundswell_storage.events.topics import ROLLOUT_CHANGED
from groundswell_storage.experiments import rollouts
from groundswell_storage.fields import to_micros
from groundswell_storage.scope import Scope

_MOST_ROLLOUTS = 10_000
_EVER = to_micros(datetime(1900, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class RolloutEvaluator:
    """A rollout, ready to be asked."""

    rollout: Rollout
    assigner: Assigner
    """Its stage, as what is counted sees it."""
    counts_all: bool
    """Whether all units count, for traffic: none is left to be compared with."""
    is_over: bool

    @classmethod
    def of(cls, rollout: Rollout) -> RolloutEvaluator:
        """From a rollout as it stands."""
        is_over = rollout.state not in UNDER_WAY
        return cls(rollout, stage_assigner(rollout), rollout.share >= 1.0 and not is_over, is_over)

    def draw(self, unit: str) -> Draw:
        """What a unit draws."""
        return draw(self.rollout.key, unit, self.rollout.share)

    def counted(self, found: Draw) -> int | None:
        """The side on which a unit that drew this counts; None when it does not."""
        if self.counts_all:
            return NEW
        return int(found.is_on) if found.is_compared and not self.is_over else None


def stage_assigner(rollout: Rollout) -> Assigner:
    """The stage that a rollout is at, as an experiment with two variants: events and exposures count as in any other.

    Its clock may stand still, but its share stays what it is, and so does what is counted.
    """
    stage, design = rollout.stage, rollout.design
    sides = Variant("old", weight=0.5, is_control=True), Variant("new", weight=0.5)
    phase = Phase(PHASE, stage.start_time, stage.end_time, (0.5, 0.5), 1.0, stage.reason)
    experiment = Experiment(
        number=stage.counted_as,
        id=rollout.id,
        key=rollout.key,
        design=Design(design.metrics, sides, seed=rollout.key),
        state=State.RUNNING if rollout.state in UNDER_WAY else State.COMPLETED,
        sticky_version=0,
        phases=(phase,),
        winner="",
        end_reason="",
        create_time=rollout.create_time,
        update_time=rollout.update_time,
        start_time=stage.start_time,
        end_time=stage.end_time,
        version=rollout.version,
    )
    # What is told at a stage counts at it, whenever it happened: errors of predictions become known late.
    return replace(Assigner.of(experiment), _split=StageSplit(rollout.key, stage.share), begins=_EVER)


def read_stages(scope: Scope, keys: Collection[str], *, hold: bool) -> dict[str, Current]:
    """The stages that the rollouts of these keys are at, as far as there are any; `hold` as in `read_current`."""
    rows = rollouts.by_keys(scope, keys)
    stages = rollouts.stages(scope, [row.id for row in rows.values()], hold=hold)
    return {
        key: Current(stage_assigner(rollout_of(row, stages[row.id], scope.now)), stages[row.id][-1].moves)
        for key, row in rows.items()
    }


class RolloutCache:
    """The rollouts that were asked for; used on the event loop."""

    def __init__(self) -> None:
        self._known: Cache[tuple[str, str], RolloutEvaluator] = Cache(_MOST_ROLLOUTS)

    async def find(self, workspace: str, key: str, read: Reader) -> RolloutEvaluator:
        """A rollout by its key; raises NotFound."""
        known = self._known.get((workspace, key))
        if known is None:
            mark = self._known.mark()
            known = RolloutEvaluator.of(await read(get_rollout, key))
            self._known.store((workspace, key), known, mark)
        return known

    async def follow(self, feed: EventFeed) -> None:
        """Keeps what is known true as long as the server runs."""
        await follow_changes(feed, (ROLLOUT_CHANGED,), self._known)
