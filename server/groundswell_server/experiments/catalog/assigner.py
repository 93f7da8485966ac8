"""Which variant a unit gets in an experiment as it stands: pure, and made once for every version of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from groundswell_server.experiments.bandits.batch import Batch
from groundswell_server.experiments.bandits.choice_probabilities import choose, draw
from groundswell_server.experiments.catalog.metric_events import (
    CLOCK_TOLERANCE,
    MetricInput,
    covariate_events_of,
    metric_inputs_of,
)
from groundswell_server.experiments.design.buckets import Split
from groundswell_server.experiments.design.design import Design
from groundswell_server.experiments.design.targeting_conditions import compile_condition
from groundswell_server.experiments.lifecycle import Experiment, State
from groundswell_storage.fields import to_micros


class AssignmentReason(IntEnum):
    """Why a unit has the variant it has; numbers are those of the contract."""

    ENROLLED = 1
    NOT_TARGETED = 2
    NOT_COVERED = 3
    PAUSED = 4
    ENDED = 5


class Assignment(NamedTuple):
    """What a unit gets."""

    variant: int
    """Index; the control's for one that does not take part."""
    reason: AssignmentReason
    probability: float | None = None
    """With which a bandit chose it; None for a fixed allocation and for who does not take part."""
    is_tentative: bool = False
    """Whether it is what a bandit would choose: it holds once it is stored (`sticking.py`)."""

    @property
    def is_enrolled(self) -> bool:
        """Whether it takes part."""
        return self.reason is AssignmentReason.ENROLLED


class Shares(Protocol):
    """How units are shared out."""

    def variant(self, unit: str) -> int | None:
        """The index of the unit's variant; None when it takes no part."""


@dataclass(frozen=True, slots=True)
class Assigner:
    """An experiment, ready to be asked."""

    number: int
    version: int
    """Grows with every change of the experiment."""
    key: str
    design: Design
    state: State
    phase: int
    """Number of the phase that lasts, or that lasted last."""
    bucket_version: int
    looks_up: bool
    """Whether units may stand elsewhere than the split says, and have to be looked up first."""
    feeds: Mapping[str, Sequence[MetricInput]]
    """What each event adds to."""
    covariates: frozenset[str]
    """Events that say only what a unit was before it was exposed."""
    begins: int
    """Before it no outcome can be; microseconds since 1970, the clients' clocks allowed for."""
    batch: Batch | None
    """In which a bandit chooses now; None for a fixed allocation."""
    _holds: Callable[[Mapping[str, Any]], bool] | None
    _split: Shares
    _control: Assignment
    _ended: Assignment | None

    @classmethod
    def of(cls, experiment: Experiment, batch: Batch | None = None) -> Assigner:
        """From an experiment that was started at some time; a bandit comes with its newest batch."""
        design = experiment.design
        winner = design.index(experiment.winner) if experiment.winner else None
        ended = Assignment(design.control if winner is None else winner, AssignmentReason.ENDED)
        feeds = metric_inputs_of(design.metrics)
        return cls(
            number=experiment.number,
            version=experiment.version,
            key=experiment.key,
            design=design,
            state=experiment.state,
            phase=experiment.phases[-1].number,
            bucket_version=design.bucket_version,
            # In a pause nobody is enrolled, but who takes part keeps its variant. What a bandit chose is only stored.
            looks_up=experiment.sticky_version == design.bucket_version
            or experiment.state is State.PAUSED
            or design.is_bandit,
            feeds=feeds,
            covariates=covariate_events_of(feeds),
            begins=to_micros(experiment.phases[0].start_time - CLOCK_TOLERANCE),
            batch=batch,
            _holds=compile_condition(design.targeting) if design.targeting else None,
            _split=Split.of(design.seed, design.weights, design.coverage, design.namespace),
            _control=Assignment(design.control, AssignmentReason.NOT_COVERED),
            _ended=ended if experiment.state in (State.COMPLETED, State.ARCHIVED) else None,
        )

    @property
    def asks_attributes(self) -> bool:
        """Whether who takes part depends on attributes."""
        return self._holds is not None

    @property
    def is_computed(self) -> bool:
        """Whether a unit's id alone says what it gets, so that its first event can enrol it."""
        return self._holds is None and self.batch is None

    @property
    def chooses_in(self) -> Batch:
        """The batch of a bandit; raises ValueError for a fixed allocation."""
        if self.batch is None:
            raise ValueError(f"experiment {self.key!r} is no bandit")
        return self.batch

    def as_of(self, phase: int, bucket_version: int) -> Assigner:
        """The same experiment, enrolling as in a phase, for what was shown in it."""
        return replace(self, phase=phase, bucket_version=bucket_version)

    def in_batch(self, batch: Batch) -> Assigner:
        """The same bandit, choosing in a batch."""
        return replace(self, batch=batch)

    def assign(self, unit: str, attributes: Mapping[str, Any], stands: Assignment | None = None) -> Assignment:
        """What a unit gets; `stands` is what it was enrolled with under this bucket version, if it was."""
        if stands is not None and self._ended is None:
            return stands
        # A winner won among those who were meant: of others nothing is known.
        if self._holds is not None and not self._holds(attributes):
            return Assignment(self._control.variant, AssignmentReason.NOT_TARGETED)
        if self._ended is not None:
            return self._ended
        if self.state is State.PAUSED:
            return Assignment(self._control.variant, AssignmentReason.PAUSED)
        variant = self._split.variant(unit)
        if variant is None:
            return self._control
        if self.batch is None:
            return Assignment(variant, AssignmentReason.ENROLLED)
        chosen = choose(self.batch.probabilities, draw(f"{self.design.seed}:{self.bucket_version}", unit))
        return Assignment(chosen, AssignmentReason.ENROLLED, self.batch.probabilities[chosen], is_tentative=True)
