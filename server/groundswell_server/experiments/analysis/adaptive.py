"""The analysis of a bandit, whose data are adaptively collected: adaptively weighted estimates and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from groundswell_server.experiments.analysis.comparison import Comparison, Significance
from groundswell_server.experiments.analysis.metric import (
    MetricResult,
    MetricSpec,
    VariantResult,
    measured,
    posteriors_of,
)
from groundswell_server.experiments.analysis.unit_values import Form, Sums
from groundswell_server.experiments.bandits.adaptive_estimates import AdaptiveEstimates, Batches, estimate
from groundswell_server.experiments.statistics import bernoulli_bound
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.fixed_horizon import MIN_SHARE, cohens_h
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.variant_means import Array, VariantMeans
from groundswell_server.statistics import confidence_sequence
from groundswell_storage.experiments.enums import Direction, MetricKind

MIN_UNITS_FOR_VALUES = 400.0
"""The minimum number of units of each variant for a test of values. A variant with poor first rewards has few units
with large weights, and the variance of skewed values is underestimated for long
(`make simulate ARGS=repeated_bandit_analyses`)."""
_NO_EVIDENCE = Significance(1.0, -np.inf, np.inf)


def analyze_metric_adaptively(
    spec: MetricSpec,
    variants: Sequence[Sequence[Moments]],
    probabilities: Array,
    control: int,
    plan: AnalysisPlan,
    *,
    seed: int | None,
) -> MetricResult:
    """Analyzes a metric from moments (variants, batches) and the stored probabilities (batches, variants).

    Means and comparisons are adaptively weighted. Posteriors use all units together: given the data, they do not depend
    on how the variants were chosen. `plan.planned` counts the units of all variants.
    """
    sums = Sums.of(variants)
    estimates = _estimates(spec, sums, probabilities)
    pooled, units = measured(spec, [[sum(batches, Moments())] for batches in variants]), sums.count.sum(axis=0)
    posteriors = posteriors_of(spec, pooled, 1.0 - plan.alpha, seed)
    comparisons = {
        variant: _compare(spec, estimates, pooled, control, variant, plan)
        for variant in range(len(variants))
        if variant != control
    }
    results = [
        VariantResult(
            units=int(units[index]),
            mean=float(estimates.mean[index]),
            probability_best=float(posteriors.probability_best[index]),
            expected_loss=float(posteriors.expected_loss[index]),
            credible_lower=float(posteriors.lower[index]),
            credible_upper=float(posteriors.upper[index]),
            plain_mean=float(variant.mean.sum()),
        )
        for index, variant in enumerate(pooled)
    ]
    return MetricResult(spec, tuple(results), comparisons)


def reason_for_weighting(variants: Sequence[str], result: MetricResult) -> str:
    """Returns the reason for weighted means, with the variant whose plain mean differs most."""
    differences = [
        abs(variant.mean - (variant.plain_mean or 0.0)) if variant.units else 0.0 for variant in result.variants
    ]
    worst = max(range(len(variants)), key=differences.__getitem__)
    variant = result.variants[worst]
    return (
        "The bandit's choices depend on earlier rewards, so plain means are biased, usually low, and not normal. These "
        f"means are weighted by the probabilities that were stored with the choices ({result.spec.name} of "
        f"{variants[worst]}: {variant.mean:.4g}, plain {variant.plain_mean:.4g})."
    )


def _estimates(spec: MetricSpec, sums: Sums, probabilities: Array) -> AdaptiveEstimates:
    """Returns the estimates of the variants' means; those of a RATIO from the estimates of both of its parts."""

    def weighted(form: Form) -> AdaptiveEstimates:
        return estimate(Batches(probabilities, sums.count, form.total(sums), form.squares(sums)))

    count = len(probabilities[0])
    form = Form.plain(count)
    if spec.kind is MetricKind.RATIO:
        form = Form.share_in_ratio(weighted(form).mean, weighted(Form.below(count)).mean)
    if spec.is_adjusted:
        form = form.without_covariate(sums.together())
    return weighted(form)


def _compare(
    spec: MetricSpec,
    estimates: AdaptiveEstimates,
    pooled: Sequence[VariantMeans],
    control: int,
    variant: int,
    plan: AnalysisPlan,
) -> Comparison:
    """Compares a variant with the control; low counts of conversions use the exact bound, valid for any allocation."""
    a, b = pooled[control], pooled[variant]
    freedom = np.maximum(np.array([a.count, b.count]) - 1.0, 0.0)
    within = float((freedom * np.array([a.variance, b.variance])).sum() / max(float(freedom.sum()), 1.0))
    found = compare_adaptive(estimates, control, variant, within**0.5, plan, spec.direction)
    if not spec.is_proportion:
        if not (a.count.any() and b.count.any()):
            return _no_evidence(estimates)
        if min(float(a.count.sum()), float(b.count.sum())) >= MIN_UNITS_FOR_VALUES:
            return found
        return replace(found, always_valid=_NO_EVIDENCE, harm_p=1.0)
    found = replace(found, effect_size=float(cohens_h(estimates.mean[control], estimates.mean[variant])))
    if not bool(bernoulli_bound.too_few(a, b)):
        return found
    # A variant is worse when its mean is higher, if the metric is to decrease, and lower otherwise.
    lower, higher = (a, b) if spec.direction is Direction.DECREASE else (b, a)
    return replace(
        found,
        always_valid=Significance(_p(bernoulli_bound.log_evidence(a, b)), *bernoulli_bound.interval(a, b, plan.alpha)),
        is_exact=True,
        harm_p=_p(bernoulli_bound.log_evidence_above(lower, higher)),
    )


def compare_adaptive(
    estimates: AdaptiveEstimates,
    control: int,
    variant: int,
    deviation: float,
    plan: AnalysisPlan,
    direction: Direction,
) -> Comparison:
    """Compares two variants from adaptively weighted estimates; the result has the same fields as for a fixed split.

    `deviation` is the standard deviation of a unit's reward, for the effect size. `plan.planned` counts the units of
    all variants, because each unit contributes to both estimates.
    """
    from scipy.special import ndtr, ndtri

    difference, error2 = estimates.difference(control, variant)
    if error2 <= 0.0:
        return _no_evidence(estimates, difference)
    reach, error = float(ndtri(1.0 - plan.alpha / 2.0)), error2**0.5
    arguments = (np.asarray(error2), np.asarray(float(estimates.units)), plan.planned, plan.alpha)
    half = float(confidence_sequence.half_width(*arguments))
    worse = difference if direction is Direction.DECREASE else -difference
    lift, lift_test = _lift(estimates, control, variant, reach)
    return Comparison(
        units=estimates.units,
        difference=difference,
        fixed=Significance(
            2.0 * float(ndtr(-abs(difference) / error)), difference - reach * error, difference + reach * error
        ),
        always_valid=Significance(
            _p(confidence_sequence.log_evidence(np.asarray(difference), *arguments)),
            difference - half,
            difference + half,
        ),
        is_exact=False,
        harm_p=_p(confidence_sequence.log_evidence_above(np.asarray(worse), *arguments)),
        effect_size=difference / deviation if deviation > 0.0 else 0.0,
        lift=lift,
        lift_test=lift_test,
    )


def _no_evidence(estimates: AdaptiveEstimates, difference: float = 0.0) -> Comparison:
    """Returns a comparison without evidence: a variant has no units, or all values are equal."""
    return Comparison(estimates.units, difference, _NO_EVIDENCE, _NO_EVIDENCE, False, 1.0, 0.0, None, None)


def _lift(
    estimates: AdaptiveEstimates, control: int, variant: int, reach: float
) -> tuple[float | None, Significance | None]:
    """Returns the relative difference with its test, by the delta method with the estimates' covariance."""
    from scipy.special import ndtr

    base, other = float(estimates.mean[control]), float(estimates.mean[variant])
    pair = estimates.covariance[np.ix_([control, variant], [control, variant])]
    if abs(base) <= MIN_SHARE * (abs(other) + float(np.abs(pair).max()) ** 0.5):
        return None, None
    # Divided twice, because the square of a small base underflows. Rounding may make the variance negative.
    pair = pair / base / base
    gradient = np.array([-other / base, 1.0])
    error = max(float(gradient @ pair @ gradient), 0.0) ** 0.5
    lift = (other - base) / abs(base)
    p_value = 2.0 * float(ndtr(-abs(lift) / error)) if error > 0.0 else 1.0
    return lift, Significance(p_value, lift - reach * error, lift + reach * error)


def _p(log_e: Array) -> float:
    return float(confidence_sequence.p_value(log_e))
