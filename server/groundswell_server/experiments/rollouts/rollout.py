"""A rollout as it stands, and how rows say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from groundswell_server.experiments.design.design_json import object_of
from groundswell_server.experiments.enums import MetricRole
from groundswell_server.experiments.rollouts.design import RolloutDesign, design_of
from groundswell_server.experiments.rollouts.stages import StageProblem
from groundswell_storage.experiments.rollouts import RolloutRow, RolloutStageRow
from groundswell_storage.fields import from_micros, to_micros
from groundswell_storage.resources import etag_of

PHASE = 1
"""A stage is counted by itself, as an experiment of one phase: each unit once, from when it is first seen in it."""


class RolloutState(IntEnum):
    """Where a rollout is in its life; numbers are those of the contract."""

    RUNNING = 1
    PAUSED = 2
    COMPLETED = 3
    ROLLED_BACK = 4


UNDER_WAY = (RolloutState.RUNNING, RolloutState.PAUSED)


class ModelState(IntEnum):
    """Where a model version is on its way into the registry and back; numbers are those of the contract."""

    NONE = 0
    WAITING = 1
    PROMOTING = 2
    LIVE = 3
    ROLLING_BACK = 4
    ROLLED_BACK = 5
    ROLLBACK_REFUSED = 6


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """New against old on one metric."""

    metric: str
    role: MetricRole
    old_mean: float
    new_mean: float
    harm_p_value: float
    """One-sided and always valid: against what is new being no worse."""
    threshold: float
    """Below it a guardrail is broken."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of a stage saw."""

    check_time: datetime
    new_units: int
    old_units: int
    crossed_count: int
    sample_ratio_p_value: float
    metrics: tuple[MetricComparison, ...]
    problems: tuple[StageProblem, ...] = ()
    outcome: str = ""
    """What it came to, in words."""
    known_outcomes: float | None = None
    """Units on the side with fewer of them whose prediction's error is known, as many as would weigh alike; None where
    none becomes known."""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A stage that a rollout came to."""

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
        """Its number in what is counted: below zero, where experiments are above."""
        return -self.number


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout as it stands."""

    id: str
    key: str
    design: RolloutDesign
    state: RolloutState
    stages: tuple[StageRecord, ...]
    note: str
    model_type: str
    model_state: ModelState
    previous_model_id: str
    create_time: datetime
    update_time: datetime
    end_time: datetime | None
    version: int

    @property
    def stage(self) -> StageRecord:
        """The one it is at."""
        return self.stages[-1]

    @property
    def share(self) -> float:
        """Of the units, that get what is new."""
        return 0.0 if self.state is RolloutState.ROLLED_BACK else self.stage.share

    @property
    def etag(self) -> str:
        """Name of this version."""
        return etag_of(self.version)


def rollout_of(row: RolloutRow, stages: Sequence[RolloutStageRow], now: datetime) -> Rollout:
    """The rollout that a row and its stages hold."""
    design = design_of(row.design)
    return Rollout(
        id=row.id,
        key=row.key,
        design=design,
        state=RolloutState(row.state),
        stages=tuple(_stage(stage, design, now) for stage in stages),
        note=row.note,
        model_type=row.model_type,
        model_state=ModelState(row.model_state),
        previous_model_id=row.previous_model_id,
        create_time=row.create_time,
        update_time=row.update_time,
        end_time=row.end_time,
        version=row.version,
    )


def _stage(row: RolloutStageRow, design: RolloutDesign, now: datetime) -> StageRecord:
    return StageRecord(
        number=row.number,
        position=row.position,
        share=design.stages[row.position].share,
        start_time=row.start_time,
        end_time=row.end_time,
        held=held(row, now),
        reason=row.reason,
        check=None if row.seen is None else _check_of(row.seen),
    )


def held(row: RolloutStageRow, now: datetime) -> timedelta:
    """How long a stage has been held, without pauses."""
    running = timedelta() if row.running_since is None else max(now - row.running_since, timedelta())
    return timedelta(microseconds=row.held) + running


def record_of_check(check: Check) -> dict[str, Any]:
    """A check as a JSON object."""
    return {
        **object_of(check),
        "check_time": to_micros(check.check_time),
        "metrics": [object_of(metric) for metric in check.metrics],
    }


def _check_of(record: Mapping[str, Any]) -> Check:
    metrics = (MetricComparison(**{**metric, "role": MetricRole(metric["role"])}) for metric in record["metrics"])
    return Check(
        **{
            **record,
            "check_time": from_micros(record["check_time"]),
            "metrics": tuple(metrics),
            "problems": tuple(StageProblem(one) for one in record["problems"]),
        }
    )
