"""An interim analysis: the result of an experiment for the counts at one moment.

An AB_TEST is decided once by its fixed-horizon test, at the first requested analysis at the planned size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from groundswell_server.experiments.analysis.experiment import Analysis, Observed, Setup, analyze_observed
from groundswell_server.experiments.analysis.metric import MetricSpec
from groundswell_server.experiments.analysis.verdicts import DecidingTest, Rules, deciding_test
from groundswell_server.experiments.bandits.batches import Batch
from groundswell_server.experiments.design.design import Design
from groundswell_server.experiments.lifecycle import Experiment
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_storage.experiments.enums import ExperimentKind, Verdict
from groundswell_storage.experiments.unit_counts import PhaseVariant

_SEED = 20_260_101
"""The seed of the simulation behind the posteriors: two analyses of the same counts give the same result."""

_DECIDED = frozenset({Verdict.NOT_SIGNIFICANT, Verdict.EFFECT_TOO_SMALL, Verdict.WINNER})


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of an experiment."""

    units: Mapping[PhaseVariant, tuple[int, int]]
    """Units that count and units that crossed, by phase and variant."""
    sums: Mapping[tuple[int, int, int], Sequence[float]]
    """The sums by phase, variant and metric."""
    batches: Sequence[Batch] = ()
    """The batches of a bandit, which are the phases of its counts."""


@dataclass(frozen=True, slots=True)
class InterimDecision:
    """A verdict with its reason and its time."""

    verdict: Verdict
    winner: str
    confidence: float
    explanation: str
    ranking: tuple[str, ...]
    is_fixed_horizon: bool
    time: datetime


@dataclass(frozen=True, slots=True)
class InterimAnalysis:
    """The result of an interim analysis."""

    experiment: Experiment
    counts: Counts
    analysis: Analysis
    decision: InterimDecision
    planned_decision: InterimDecision | None
    """The decision of the analysis at the planned size; None before it."""

    @property
    def design(self) -> Design:
        """Returns the design of the experiment."""
        return self.experiment.design

    @property
    def units(self) -> int:
        """Returns the number of units that are compared."""
        compared = _splits(self.experiment, self.counts).keys()
        return sum(units for (phase, _), (units, _) in self.counts.units.items() if phase in compared)

    @property
    def excluded_count(self) -> int:
        """Returns the number of units of earlier bucket versions that were seen in one variant."""
        return sum(units for units, _ in self.counts.units.values()) - self.units

    @property
    def crossed_count(self) -> int:
        """Returns the number of units that were seen in two variants."""
        return sum(crossed for _, crossed in self.counts.units.values())

    @property
    def choice_probabilities(self) -> tuple[float, ...]:
        """Returns the current probabilities of a bandit's choices; empty for a fixed allocation."""
        return self.counts.batches[-1].probabilities if self.counts.batches else ()


def analyze(
    experiment: Experiment,
    counts: Counts,
    now: datetime,
    planned_decision: InterimDecision | None,
    *,
    is_scheduled: bool = False,
) -> InterimAnalysis:
    """Returns the analysis of an experiment; `planned_decision` is the stored one of its analysis at the planned size.

    A scheduled analysis never counts as the one at the planned size. It omits the posteriors, which decide nothing and
    take most of the time.
    """
    design = experiment.design
    splits = _splits(experiment, counts)
    phases, variants = list(splits), range(len(design.variants))
    units, crossed = np.array(
        [[counts.units.get((phase, variant), (0, 0)) for variant in variants] for phase in phases], np.float64
    ).transpose(2, 0, 1)
    kind = ExperimentKind.BANDIT if design.is_bandit else design.kind
    test = deciding_test(
        kind,
        int(units.sum()),
        design.expected_total_sample,
        is_scheduled=is_scheduled,
        is_spent=planned_decision is not None,
    )
    observed = Observed(
        moments=[
            [[_moments(counts, phase, variant, metric) for phase in phases] for variant in variants]
            for metric in range(len(design.metrics))
        ],
        units=units,
        shares=np.array(list(splits.values())),
        crossed=crossed,
        runtime=sum(((one.end_time or now) - one.start_time for one in experiment.compared), timedelta()),
    )
    analysis = analyze_observed(_setup(design), observed, test, seed=None if is_scheduled else _SEED)
    decision = _interim_decision(analysis, now)
    # An analysis without a decision, for lack of runtime or because of an SRM, does not use up the planned one.
    is_planned = test is DecidingTest.FIXED and decision.verdict in _DECIDED
    return InterimAnalysis(
        experiment=experiment,
        counts=counts,
        analysis=analysis,
        decision=decision,
        planned_decision=decision if is_planned else planned_decision,
    )


def _splits(experiment: Experiment, counts: Counts) -> dict[int, tuple[float, ...]]:
    """Returns the expected shares of the phases, or of a bandit's batches, that are compared, by number."""
    compared = {phase.number: phase.weights for phase in experiment.compared}
    batches = {batch.number: batch.probabilities for batch in counts.batches if batch.phase in compared}
    return batches or compared


def _setup(design: Design) -> Setup:
    return Setup(
        variants=tuple(variant.key for variant in design.variants),
        control=design.control,
        specs=tuple(
            MetricSpec(one.name, one.kind, one.role, one.direction, is_adjusted=bool(one.covariate_event))
            for one in design.metrics
        ),
        rules=Rules(
            alpha=1.0 - design.confidence_level,
            min_runtime=design.min_runtime,
            min_sample_size_per_variant=design.min_sample_size_per_variant,
            min_effect_size=design.min_effect_size,
        ),
        expected_total_sample=design.expected_total_sample,
        levels=tuple(len(factor.levels) for factor in design.factors),
        is_bandit=design.is_bandit,
    )


def _moments(counts: Counts, phase: int, variant: int, metric: int) -> Moments:
    units, _ = counts.units.get((phase, variant), (0, 0))
    return Moments(units, *counts.sums.get((phase, variant, metric), ()))


def _interim_decision(analysis: Analysis, now: datetime) -> InterimDecision:
    decision = analysis.decision
    return InterimDecision(
        verdict=decision.verdict,
        winner=decision.winner,
        confidence=decision.confidence,
        explanation=decision.explanation,
        ranking=decision.ranking,
        is_fixed_horizon=analysis.test is DecidingTest.FIXED,
        time=now,
    )
