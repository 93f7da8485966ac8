"""A rollout in its current version, read from its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from groundswell_server.experiments.rollouts.design import RolloutDesign, StageProblem
from groundswell_storage.experiments import rollouts
from groundswell_storage.experiments.enums import MetricRole, RolloutModelState, RolloutState
from groundswell_storage.experiments.rollouts import RolloutRow, RolloutStageRow
from groundswell_storage.records import from_plain, record_of
from groundswell_storage.scope import Scope

PHASE = 1
"""The phase of a stage's counts. A stage is counted like an experiment of one phase: each unit from its first exposure
in the stage on."""


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """The comparison of the new variant with the old one on one metric."""

    metric: str
    role: MetricRole
    old_mean: float
    new_mean: float
    harm_p_value: float
    """One-sided and always valid: the test of the new variant being no worse."""
    threshold: float
    """The guardrail is broken by a p value below it."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check of a stage."""

    check_time: datetime
    new_units: int
    old_units: int
    crossed_count: int
    sample_ratio_p_value: float
    metrics: tuple[MetricComparison, ...]
    problems: tuple[StageProblem, ...] = ()
    outcome: str = ""
    """The step that followed, and its reason, in words."""
    known_outcomes: float | None = None
    """The effective number of units with a known prediction error, of the variant with fewer; None without them."""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A stage that a rollout has entered."""

    number: int
    position: int
    share: float
    start_time: datetime
    end_time: datetime | None
    held: timedelta
    """Without pauses."""
    reason: str
    check: Check | None

    @property
    def counted_as(self) -> int:
        """Returns the number of the stage's counts: negative, while those of experiments are positive."""
        return -self.number


@dataclass(frozen=True, slots=True)
class Rollout:
    """A gradual change from an old to a new variant, in stages with growing shares of the units."""

    id: str
    key: str
    design: RolloutDesign
    state: RolloutState
    stages: tuple[StageRecord, ...]
    note: str
    model_type: str
    model_state: RolloutModelState
    previous_model_id: str
    create_time: datetime
    update_time: datetime
    end_time: datetime | None
    version: int
    etag: str = ""

    @property
    def stage(self) -> StageRecord:
        """Returns the current or last stage."""
        return self.stages[-1]

    @property
    def share(self) -> float:
        """Returns the share of the units that are on."""
        return 0.0 if self.state is RolloutState.ROLLED_BACK else self.stage.share


def read_rollout(scope: Scope, row: RolloutRow) -> Rollout:
    """Returns the rollout of a row with its stages, which it reads."""
    return rollout_of(row, rollouts.stages(scope, [row.id])[row.id], scope.now)


def rollout_of(row: RolloutRow, stages: Sequence[RolloutStageRow], now: datetime) -> Rollout:
    """Returns the rollout of a row and its stages."""
    design = design_of(row)
    return record_of(Rollout, row, design=design, stages=tuple(_stage(one, design, now) for one in stages))


def design_of(row: RolloutRow) -> RolloutDesign:
    """Returns the design of a row."""
    return from_plain(RolloutDesign, row.design)


def held(row: RolloutStageRow, now: datetime) -> timedelta:
    """Returns how long a stage has been held, without pauses."""
    running = timedelta() if row.running_since is None else max(now - row.running_since, timedelta())
    return timedelta(microseconds=row.held) + running


def _stage(row: RolloutStageRow, design: RolloutDesign, now: datetime) -> StageRecord:
    check = None if row.last_check is None else from_plain(Check, row.last_check)
    return record_of(StageRecord, row, share=design.stages[row.position].share, held=held(row, now), check=check)
