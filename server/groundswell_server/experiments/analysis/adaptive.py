"""A bandit's variants against its control, although the data chose where to look."""

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
from groundswell_server.experiments.enums import Direction, MetricKind
from groundswell_server.experiments.statistics import bernoulli_bound
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.fixed_horizon import MIN_SHARE, cohens_h
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.variant_means import Array, VariantMeans
from groundswell_server.statistics import confidence_sequence

MIN_UNITS_FOR_VALUES = 400.0
"""Units of each arm from which on values are judged: an arm that began badly has few units, which weigh much, and the
more skewed values are, the longer their variance is taken for too small (`make simulate ARGS=looks_at_bandits`)."""
_NOTHING = Significance(1.0, -np.inf, np.inf)


def analyze_metric_adaptively(
    spec: MetricSpec,
    arms: Sequence[Sequence[Moments]],
    probabilities: Array,
    control: int,
    plan: AnalysisPlan,
    *,
    seed: int | None,
) -> MetricResult:
    """From the moments (arms, batches) and the stored probabilities (batches, arms).

    Means and comparisons are adaptively weighted. Posteriors are of all units together: given the data, they do not
    depend on what chose the arms. `plan.planned` counts the units of all arms.
    """
    sums = Sums.of(arms)
    estimates = _estimates(spec, sums, probabilities)
    pooled, units = measured(spec, [[sum(batches, Moments())] for batches in arms]), sums.count.sum(axis=0)
    posteriors = posteriors_of(spec, pooled, 1.0 - plan.alpha, seed)
    comparisons = {
        variant: _compare(spec, estimates, pooled, control, variant, plan)
        for variant in range(len(arms))
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
            plain_mean=float(arm.mean.sum()),
        )
        for index, arm in enumerate(pooled)
    ]
    return MetricResult(spec, tuple(results), comparisons)


def in_words(variants: Sequence[str], answer: MetricResult) -> str:
    """Why plain means would not do, with the figure that shows it best."""
    apart = [abs(arm.mean - (arm.plain_mean or 0.0)) if arm.units else 0.0 for arm in answer.arms]
    worst = max(range(len(variants)), key=apart.__getitem__)
    arm = answer.arms[worst]
    return (
        "The bandit chose by what it had seen, so that plain means are biased, low as a rule, and not normal: these "
        f"are weighted by the probabilities stored with the choices ({answer.spec.name} of {variants[worst]}: "
        f"{arm.mean:.4g}, plain {arm.plain_mean:.4g})."
    )


def _estimates(spec: MetricSpec, sums: Sums, probabilities: Array) -> AdaptiveEstimates:
    """Of the arms' means; a RATIO's from those of what is above and below its line."""

    def weighted(form: Form) -> AdaptiveEstimates:
        return estimate(Batches(probabilities, sums.count, form.total(sums), form.squares(sums)))

    count = len(probabilities[0])
    form = Form.plain(count)
    if spec.kind is MetricKind.RATIO:
        form = Form.share_in_ratio(weighted(form).mean, weighted(Form.below(count)).mean)
    if spec.adjusted:
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
    """What too few units leave of it: of conversions the exact bound, which holds whatever chose the arms."""
    a, b = pooled[control], pooled[variant]
    freedom = np.maximum(np.array([a.count, b.count]) - 1.0, 0.0)
    within = float((freedom * np.array([a.variance, b.variance])).sum() / max(float(freedom.sum()), 1.0))
    found = compare_adaptive(estimates, control, variant, within**0.5, plan, spec.direction)
    if not spec.is_proportion:
        if not (a.count.any() and b.count.any()):
            return _nothing_between(estimates)
        if min(float(a.count.sum()), float(b.count.sum())) >= MIN_UNITS_FOR_VALUES:
            return found
        return replace(found, always_valid=_NOTHING, harm_p=1.0)
    found = replace(found, effect_size=float(cohens_h(estimates.mean[control], estimates.mean[variant])))
    if not bool(bernoulli_bound.too_few(a, b)):
        return found
    # Worse is higher where less is better, and lower elsewhere.
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
    """The same figures as of a fixed split, from adaptively weighted estimates.

    `deviation` is the standard deviation of a unit's reward, for the effect size. `plan.planned` counts the units of
    all arms: each of them bears on both estimates.
    """
    from scipy.special import ndtr, ndtri

    apart, error2 = estimates.difference(control, variant)
    if error2 <= 0.0:
        return _nothing_between(estimates, apart)
    reach, error = float(ndtri(1.0 - plan.alpha / 2.0)), error2**0.5
    arguments = (np.asarray(error2), np.asarray(float(estimates.units)), plan.planned, plan.alpha)
    half = float(confidence_sequence.half_width(*arguments))
    worse = apart if direction is Direction.DECREASE else -apart
    lift, lift_test = _lift(estimates, control, variant, reach)
    return Comparison(
        units=estimates.units,
        difference=apart,
        fixed=Significance(2.0 * float(ndtr(-abs(apart) / error)), apart - reach * error, apart + reach * error),
        always_valid=Significance(
            _p(confidence_sequence.log_evidence(np.asarray(apart), *arguments)), apart - half, apart + half
        ),
        is_exact=False,
        harm_p=_p(confidence_sequence.log_evidence_above(np.asarray(worse), *arguments)),
        effect_size=apart / deviation if deviation > 0.0 else 0.0,
        lift=lift,
        lift_test=lift_test,
    )


def _nothing_between(estimates: AdaptiveEstimates, apart: float = 0.0) -> Comparison:
    """Of two arms of which one says nothing, or neither has any spread to go by."""
    return Comparison(estimates.units, apart, _NOTHING, _NOTHING, False, 1.0, 0.0, None, None)


def _lift(
    estimates: AdaptiveEstimates, control: int, variant: int, reach: float
) -> tuple[float | None, Significance | None]:
    """The relative difference by the delta method, the estimates' covariance included."""
    from scipy.special import ndtr

    base, other = float(estimates.mean[control]), float(estimates.mean[variant])
    pair = estimates.covariance[np.ix_([control, variant], [control, variant])]
    if abs(base) <= MIN_SHARE * (abs(other) + float(np.abs(pair).max()) ** 0.5):
        return None, None
    # Shares of the base, and not its square: that of a small one is 0. Rounding may leave less than nothing.
    pair = pair / base / base
    gradient = np.array([-other / base, 1.0])
    error = max(float(gradient @ pair @ gradient), 0.0) ** 0.5
    lift = (other - base) / abs(base)
    p_value = 2.0 * float(ndtr(-abs(lift) / error)) if error > 0.0 else 1.0
    return lift, Significance(p_value, lift - reach * error, lift + reach * error)


def _p(log_e: Array) -> float:
    return float(confidence_sequence.p_value(log_e))
