"""An assigner: a pure function from a unit to its variant, built once for each version of an experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from groundswell_server.experiments.bandits.batches import Batch
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
from groundswell_server.experiments.lifecycle import Experiment
from groundswell_storage.experiments.enums import ExperimentState
from groundswell_storage.fields import to_micros


class AssignmentReason(IntEnum):
    """The reasons for an assignment; numbers are those of the contract."""

    ENROLLED = 1
    NOT_TARGETED = 2
    NOT_COVERED = 3
    PAUSED = 4
    ENDED = 5


class Assignment(NamedTuple):
    """The variant of a unit, with its reason."""

    variant: int
    """The index of the variant; the control's for a unit that does not take part."""
    reason: AssignmentReason
    probability: float | None = None
    """The probability with which a bandit chose the variant; None for a fixed allocation and for a unit that does not
    take part."""
    is_tentative: bool = False
    """True for a choice of a bandit that takes effect only when it is stored (`bandit_choices.py`)."""

    @property
    def is_enrolled(self) -> bool:
        """Returns True when the unit takes part."""
        return self.reason is AssignmentReason.ENROLLED


class VariantSplit(Protocol):
    """A distribution of units among variants."""

    def variant(self, unit: str) -> int | None:
        """Returns the index of the unit's variant; None when the unit does not take part."""


@dataclass(frozen=True, slots=True)
class Assigner:
    """One version of an experiment, prepared for assigning units and for counting events."""

    number: int
    version: int
    """Increases with every change of the experiment."""
    key: str
    design: Design
    state: ExperimentState
    phase: int
    """The number of the current or last phase."""
    bucket_version: int
    looks_up: bool
    """True when the split may disagree with earlier enrolments, so that a unit's enrolment is looked up first."""
    metric_inputs: Mapping[str, Sequence[MetricInput]]
    """The metric inputs of each event, by the name of the event."""
    covariates: frozenset[str]
    """The names of the events that are only covariates."""
    begins: int
    """The earliest accepted time of an outcome, in microseconds since 1970, with the tolerance for clients' clocks."""
    batch: Batch | None
    """The batch in which a bandit currently chooses; None for a fixed allocation."""
    _is_targeted: Callable[[Mapping[str, Any]], bool] | None
    _split: VariantSplit
    _control: Assignment
    _ended: Assignment | None

    @classmethod
    def of(cls, experiment: Experiment, batch: Batch | None = None) -> Assigner:
        """Builds the assigner of an experiment that was started; `batch` is the newest batch of a bandit."""
        design = experiment.design
        winner = design.index(experiment.winner) if experiment.winner else None
        ended = Assignment(design.control if winner is None else winner, AssignmentReason.ENDED)
        inputs = metric_inputs_of(design.metrics)
        return cls(
            number=experiment.number,
            version=experiment.version,
            key=experiment.key,
            design=design,
            state=experiment.state,
            phase=experiment.phases[-1].number,
            bucket_version=design.bucket_version,
            # A paused experiment enrols no new units, but enrolled units keep their variants. The choices of a bandit
            # are known only from storage.
            looks_up=experiment.sticky_version == design.bucket_version
            or experiment.state is ExperimentState.PAUSED
            or design.is_bandit,
            metric_inputs=inputs,
            covariates=covariate_events_of(inputs),
            begins=to_micros(experiment.phases[0].start_time - CLOCK_TOLERANCE),
            batch=batch,
            _is_targeted=compile_condition(design.targeting) if design.targeting else None,
            _split=Split.of(design.seed, design.weights, design.coverage, design.namespace),
            _control=Assignment(design.control, AssignmentReason.NOT_COVERED),
            _ended=ended if experiment.state in (ExperimentState.COMPLETED, ExperimentState.ARCHIVED) else None,
        )

    @property
    def asks_attributes(self) -> bool:
        """Returns True when the experiment has targeting, so that assignments need attributes."""
        return self._is_targeted is not None

    @property
    def is_computed(self) -> bool:
        """Returns True when the unit's id alone determines its variant, so that its first event can enrol it."""
        return self._is_targeted is None and self.batch is None

    @property
    def current_batch(self) -> Batch:
        """Returns the batch in which a bandit chooses; raises ValueError for a fixed allocation."""
        if self.batch is None:
            raise ValueError(f"experiment {self.key!r} is not a bandit")
        return self.batch

    def as_of(self, phase: int, bucket_version: int) -> Assigner:
        """Returns the same experiment in another phase, for exposures that happened in that phase."""
        return replace(self, phase=phase, bucket_version=bucket_version)

    def in_batch(self, batch: Batch) -> Assigner:
        """Returns the same bandit, choosing in another batch."""
        return replace(self, batch=batch)

    def assign(self, unit: str, attributes: Mapping[str, Any], enrolment: Assignment | None = None) -> Assignment:
        """Returns the assignment of a unit; `enrolment` is its stored one under this bucket version, if any."""
        if enrolment is not None and self._ended is None:
            return enrolment
        # The winner was found among targeted units only. All other units keep the control.
        if self._is_targeted is not None and not self._is_targeted(attributes):
            return Assignment(self._control.variant, AssignmentReason.NOT_TARGETED)
        if self._ended is not None:
            return self._ended
        if self.state is ExperimentState.PAUSED:
            return Assignment(self._control.variant, AssignmentReason.PAUSED)
        variant = self._split.variant(unit)
        if variant is None:
            return self._control
        if self.batch is None:
            return Assignment(variant, AssignmentReason.ENROLLED)
        chosen = choose(self.batch.probabilities, draw(f"{self.design.seed}:{self.bucket_version}", unit))
        return Assignment(chosen, AssignmentReason.ENROLLED, self.batch.probabilities[chosen], is_tentative=True)
