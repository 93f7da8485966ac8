"""One metric of an experiment: every variant against the control, and what is posteriors_of of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groundswell_server.experiments.analysis.comparison import Comparison, compare
from groundswell_server.experiments.enums import Direction, MetricKind, MetricRole
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.bayesian import Posteriors, beta_posteriors, normal_posteriors
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.variant_means import (
    VariantMeans,
    adjust,
    measure,
    phase_weights,
    standardize,
)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """What a metric asks."""

    name: str
    kind: MetricKind
    role: MetricRole
    direction: Direction
    adjusted: bool = False
    """Whether the units have a covariate from before the experiment."""

    @property
    def is_proportion(self) -> bool:
        """Whether it is of plain conversions, which have tests of their own."""
        return self.kind is MetricKind.CONVERSION and not self.adjusted


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant on one metric."""

    units: int
    """In all phases."""
    mean: float
    """Of the units; of a RATIO sum over sum. Over the phases that have all variants, in the same parts for each, if any
    has."""
    probability_best: float
    """NaN, as the three that follow, where posteriors are left out."""
    expected_loss: float
    """How much worse than the best it is expected to be, in the metric's own unit."""
    credible_lower: float
    credible_upper: float
    plain_mean: float | None = None
    """Of the units alike, where `mean` weighs them because a bandit chose them."""


@dataclass(frozen=True, slots=True)
class MetricResult:
    """One metric, its variants in order."""

    spec: MetricSpec
    arms: tuple[VariantResult, ...]
    comparisons: Mapping[int, Comparison]
    """With the control, by the index of the variant; the control has none."""


def measured(spec: MetricSpec, arms: Sequence[Sequence[Moments]]) -> list[VariantMeans]:
    """The arms from their moments (arms, phases)."""
    if spec.adjusted:
        return adjust(spec.kind, arms)
    return [measure(spec.kind, phases) for phases in arms]


def analyze_metric(
    spec: MetricSpec, arms: Sequence[Sequence[Moments]], control: int, plan: AnalysisPlan, *, seed: int | None
) -> MetricResult:
    """From the moments (arms, phases). `seed` is of the simulation of posteriors; None leaves them out."""
    measures = measured(spec, arms)
    weights = phase_weights(measures)
    # As long as no phase has all variants there is nothing to compare, and each is told by itself.
    told = [standardize(arm, weights if weights.any() else phase_weights([arm], 1.0)) for arm in measures]
    posteriors = posteriors_of(spec, measures, 1.0 - plan.alpha, seed)
    comparisons = {
        index: compare(measures[control], arm, plan, proportions=spec.is_proportion, direction=spec.direction)
        for index, arm in enumerate(measures)
        if index != control
    }
    units = [sum(moments.count for moments in phases) for phases in arms]
    results = [_arm(index, units[index], float(mean.mean), posteriors) for index, mean in enumerate(told)]
    return MetricResult(spec, tuple(results), comparisons)


def posteriors_of(spec: MetricSpec, measures: Sequence[VariantMeans], level: float, seed: int | None) -> Posteriors:
    """The posteriors of the arms; `seed` is of the simulation that more than two need, and None leaves them out."""
    if seed is None:
        return Posteriors.left_out(len(measures))
    weights, highest = phase_weights(measures), spec.direction is not Direction.DECREASE
    if spec.is_proportion:
        return beta_posteriors(measures, weights, seed=seed, level=level, best_is_highest=highest)
    means = [standardize(arm, weights) for arm in measures]
    return normal_posteriors(means, seed=seed, level=level, best_is_highest=highest)


def _arm(index: int, units: int, mean: float, posteriors: Posteriors) -> VariantResult:
    return VariantResult(
        units=units,
        mean=mean,
        probability_best=float(posteriors.probability_best[index]),
        expected_loss=float(posteriors.expected_loss[index]),
        credible_lower=float(posteriors.lower[index]),
        credible_upper=float(posteriors.upper[index]),
    )
