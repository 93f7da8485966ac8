"""A look: what an experiment says, given what was counted; an AB_TEST is decided once, at its planned size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from groundswell_server.experiments.analysis.experiment import Analysis, Observed, Setup, analyze_observed
from groundswell_server.experiments.analysis.metric import MetricSpec
from groundswell_server.experiments.analysis.verdicts import DecidingTest, Rules, deciding_test
from groundswell_server.experiments.bandits.batch import Batch
from groundswell_server.experiments.design.design import Design
from groundswell_server.experiments.enums import ExperimentKind, Verdict
from groundswell_server.experiments.lifecycle import Experiment
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_storage.experiments.counting import Arm

_SEED = 20_260_101
"""Of the simulation behind the posteriors of more than two variants: two looks at the same data say the same."""


_DECIDED = frozenset({Verdict.NOT_SIGNIFICANT, Verdict.EFFECT_TOO_SMALL, Verdict.WINNER})


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted."""

    units: Mapping[Arm, tuple[int, int]]
    """Units that count and units that crossed, by phase and variant."""
    sums: Mapping[tuple[int, int, int], Sequence[float]]
    """By phase, variant and metric."""
    batches: Sequence[Batch] = ()
    """Of a bandit. They are its phases above."""


@dataclass(frozen=True, slots=True)
class InterimDecision:
    """A verdict with its reason."""

    verdict: Verdict
    winner: str
    confidence: float
    explanation: str
    ranking: tuple[str, ...]
    is_fixed_horizon: bool
    time: datetime


@dataclass(frozen=True, slots=True)
class InterimAnalysis:
    """What an experiment says."""

    experiment: Experiment
    counts: Counts
    analysis: Analysis
    decided: InterimDecision
    planned: InterimDecision | None
    """What the look at the planned size said; None before it."""

    @property
    def design(self) -> Design:
        """What was to be found out."""
        return self.experiment.design

    @property
    def units(self) -> int:
        """Units that count."""
        compared = _splits(self.experiment, self.counts).keys()
        return sum(units for (phase, _), (units, _) in self.counts.units.items() if phase in compared)

    @property
    def left_out(self) -> int:
        """Units of earlier bucket versions that were seen in one variant."""
        return sum(units for units, _ in self.counts.units.values()) - self.units

    @property
    def crossed(self) -> int:
        """Units that were seen in two variants."""
        return sum(crossed for _, crossed in self.counts.units.values())

    @property
    def chances(self) -> tuple[float, ...]:
        """With which a bandit chooses now; none for a fixed allocation."""
        return self.counts.batches[-1].probabilities if self.counts.batches else ()


def analyze(
    experiment: Experiment, counts: Counts, now: datetime, planned: InterimDecision | None, *, automatic: bool = False
) -> InterimAnalysis:
    """What an experiment says at a moment; `planned` is what its look at the planned size said, if it was taken.

    An `automatic` look is one by the clock, which never is the one at the planned size. It has no posteriors, which
    decide nothing and cost the most.
    """
    design = experiment.design
    splits = _splits(experiment, counts)
    phases, variants = list(splits), range(len(design.variants))
    units, crossed = np.array(
        [[counts.units.get((phase, variant), (0, 0)) for variant in variants] for phase in phases], np.float64
    ).transpose(2, 0, 1)
    kind = ExperimentKind.BANDIT if design.is_bandit else design.kind
    test = deciding_test(
        kind, int(units.sum()), design.expected_total_sample, automatic=automatic, spent=planned is not None
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
    analysis = analyze_observed(_setup(design), observed, test, seed=None if automatic else _SEED)
    decided = _decided(analysis, now)
    # A look that could not decide, for want of time or because something is wrong, is not the one that counts.
    counts_once = test is DecidingTest.FIXED and decided.verdict in _DECIDED
    return InterimAnalysis(
        experiment=experiment,
        counts=counts,
        analysis=analysis,
        decided=decided,
        planned=decided if counts_once else planned,
    )


def _splits(experiment: Experiment, counts: Counts) -> dict[int, tuple[float, ...]]:
    """The phases, or a bandit's batches, that are compared, by number, with the shares that were due in them."""
    compared = {phase.number: phase.weights for phase in experiment.compared}
    batches = {batch.number: batch.probabilities for batch in counts.batches if batch.phase in compared}
    return batches or compared


def _setup(design: Design) -> Setup:
    return Setup(
        variants=tuple(variant.key for variant in design.variants),
        control=design.control,
        specs=tuple(
            MetricSpec(one.name, one.kind, one.role, one.direction, adjusted=bool(one.covariate_event))
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


def _decided(analysis: Analysis, now: datetime) -> InterimDecision:
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
