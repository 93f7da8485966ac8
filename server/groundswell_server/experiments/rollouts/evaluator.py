"""The evaluation of units in rollouts: pure, from the rollouts of all workspaces that a server keeps in memory."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from groundswell_server.caching.read_through_cache import ReadThroughCache, workspace_and_key
from groundswell_server.experiments.catalog.assigner import Assigner
from groundswell_server.experiments.catalog.catalog import CurrentAssigner, Reader
from groundswell_server.experiments.design.design import Design, Variant
from groundswell_server.experiments.lifecycle import Experiment, Phase
from groundswell_server.experiments.rollouts.lifecycle import get_rollout
from groundswell_server.experiments.rollouts.rollout import PHASE, Rollout, rollout_of
from groundswell_server.experiments.rollouts.stage_split import StageSplit, counted_variant, draw
from groundswell_storage.events.topics import ROLLOUT_CHANGED
from groundswell_storage.experiments import rollouts
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.experiments.keys import find_many
from groundswell_storage.experiments.rollouts import UNDER_WAY, RolloutRow
from groundswell_storage.fields import to_micros
from groundswell_storage.records import record_of
from groundswell_storage.scope import Scope

_MAX_ROLLOUTS = 10_000
_ALWAYS = to_micros(datetime(1900, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The variant of a unit in a rollout."""

    rollout_key: str
    unit: str
    is_on: bool
    compared_variant: int | None
    """The variant in which the unit is compared; None when it is not."""
    model_id: str
    """The model version for a unit that is on."""

    @property
    def is_compared(self) -> bool:
        """Returns True when the events of the unit count."""
        return self.compared_variant is not None


@dataclass(frozen=True, slots=True)
class RolloutEvaluator:
    """A rollout, prepared for evaluating units."""

    rollout: Rollout
    assigner: Assigner
    """The current stage as a target of counts."""

    def evaluate(self, unit: str) -> Evaluation:
        """Returns the evaluation of a unit."""
        rollout = self.rollout
        found = draw(rollout.key, unit, rollout.share)
        compared = counted_variant(found, rollout.share) if rollout.state in UNDER_WAY else None
        return Evaluation(rollout.key, unit, found.is_on, compared, rollout.design.model_id if found.is_on else "")


def stage_assigner(rollout: Rollout) -> Assigner:
    """Returns the current stage as an experiment with two variants, whose events and exposures are counted alike.

    While the clock of a rollout is stopped, its share and its counting continue.
    """
    stage, design = rollout.stage, rollout.design
    variants = Variant("old", weight=0.5, is_control=True), Variant("new", weight=0.5)
    phase = Phase(PHASE, stage.start_time, stage.end_time, (0.5, 0.5), 1.0, stage.reason)
    experiment = record_of(
        Experiment,
        rollout,
        number=stage.counted_as,
        design=Design(design.metrics, variants, seed=rollout.key),
        state=ExperimentState.RUNNING if rollout.state in UNDER_WAY else ExperimentState.COMPLETED,
        sticky_version=0,
        phases=(phase,),
        winner="",
        end_reason="",
        start_time=stage.start_time,
        end_time=stage.end_time,
    )
    # Events count in the current stage, whenever they happened: prediction errors become known late.
    return replace(Assigner.of(experiment), _split=StageSplit(rollout.key, stage.share), begins=_ALWAYS)


def read_stages(scope: Scope, keys: Collection[str], *, hold: bool) -> dict[str, CurrentAssigner]:
    """Reads the current stages of the existing rollouts among these keys; `hold` is that of `read_current`."""
    rows = find_many(scope, RolloutRow, keys)
    stages = rollouts.stages(scope, [row.id for row in rows.values()], hold=hold)
    return {
        key: CurrentAssigner(stage_assigner(rollout_of(row, stages[row.id], scope.now)), stages[row.id][-1].moves)
        for key, row in rows.items()
    }


class RolloutCache:
    """The rollouts that were evaluated; used on the event loop."""

    def __init__(self) -> None:
        self._evaluators: ReadThroughCache[tuple[str, str], RolloutEvaluator] = ReadThroughCache(
            _MAX_ROLLOUTS, topics=(ROLLOUT_CHANGED,), keys_of=workspace_and_key
        )
        self.follow = self._evaluators.follow

    async def find(self, workspace: str, key: str, read: Reader) -> RolloutEvaluator:
        """Returns the evaluator of a rollout; raises NotFound."""

        async def load() -> RolloutEvaluator:
            rollout = await read(get_rollout, key)
            return RolloutEvaluator(rollout, stage_assigner(rollout))

        return await self._evaluators.find((workspace, key), load)
