"""The analysis of one metric: each variant against the control, and the posteriors of all variants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groundswell_server.experiments.analysis.comparison import Comparison, compare
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
from groundswell_storage.experiments.enums import Direction, MetricKind, MetricRole


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """The properties of a metric that its analysis depends on."""

    name: str
    kind: MetricKind
    role: MetricRole
    direction: Direction
    is_adjusted: bool = False
    """True when the units have a covariate from before the experiment."""

    @property
    def is_proportion(self) -> bool:
        """Returns True for plain conversions, which have their own tests."""
        return self.kind is MetricKind.CONVERSION and not self.is_adjusted


@dataclass(frozen=True, slots=True)
class VariantResult:
    """The result of one variant on one metric."""

    units: int
    """The units of all phases."""
    mean: float
    """The mean over the units; for a RATIO the sum of numerators over the sum of denominators. Phases that have all
    variants get the same weights for every variant; without such a phase, each variant is averaged separately."""
    probability_best: float
    """NaN, like the three following fields, when posteriors are left out."""
    expected_loss: float
    """The expected difference to the best variant, in the metric's own unit."""
    credible_lower: float
    credible_upper: float
    plain_mean: float | None = None
    """The unweighted mean, where `mean` is adaptively weighted because a bandit chose the variants."""


@dataclass(frozen=True, slots=True)
class MetricResult:
    """The result of one metric, with its variants in order."""

    spec: MetricSpec
    variants: tuple[VariantResult, ...]
    comparisons: Mapping[int, Comparison]
    """Comparisons with the control, by the index of the variant, without the control itself."""


def measured(spec: MetricSpec, variants: Sequence[Sequence[Moments]]) -> list[VariantMeans]:
    """Returns the means of the variants from their moments (variants, phases)."""
    if spec.is_adjusted:
        return adjust(spec.kind, variants)
    return [measure(spec.kind, phases) for phases in variants]


def analyze_metric(
    spec: MetricSpec, variants: Sequence[Sequence[Moments]], control: int, plan: AnalysisPlan, *, seed: int | None
) -> MetricResult:
    """Analyzes a metric from the moments (variants, phases).

    `seed` is that of the posteriors' simulation; None leaves the posteriors out.
    """
    measures = measured(spec, variants)
    weights = phase_weights(measures)
    # While no phase has all variants, nothing can be compared, and each variant is averaged separately.
    means = [standardize(one, weights if weights.any() else phase_weights([one], 1.0)) for one in measures]
    posteriors = posteriors_of(spec, measures, 1.0 - plan.alpha, seed)
    comparisons = {
        index: compare(measures[control], one, plan, proportions=spec.is_proportion, direction=spec.direction)
        for index, one in enumerate(measures)
        if index != control
    }
    units = [sum(moments.count for moments in phases) for phases in variants]
    results = [_result(index, units[index], float(mean.mean), posteriors) for index, mean in enumerate(means)]
    return MetricResult(spec, tuple(results), comparisons)


def posteriors_of(spec: MetricSpec, measures: Sequence[VariantMeans], level: float, seed: int | None) -> Posteriors:
    """Returns the posteriors of the variants; `seed` is that of their simulation, None leaves them out."""
    if seed is None:
        return Posteriors.left_out(len(measures))
    weights, highest = phase_weights(measures), spec.direction is not Direction.DECREASE
    if spec.is_proportion:
        return beta_posteriors(measures, weights, seed=seed, level=level, best_is_highest=highest)
    means = [standardize(one, weights) for one in measures]
    return normal_posteriors(means, seed=seed, level=level, best_is_highest=highest)


def _result(index: int, units: int, mean: float, posteriors: Posteriors) -> VariantResult:
    return VariantResult(
        units=units,
        mean=mean,
        probability_best=float(posteriors.probability_best[index]),
        expected_loss=float(posteriors.expected_loss[index]),
        credible_lower=float(posteriors.lower[index]),
        credible_upper=float(posteriors.upper[index]),
    )
