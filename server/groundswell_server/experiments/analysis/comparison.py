"""The comparison of a variant with the control on one metric, by every test at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groundswell_server.experiments.statistics import always_valid, fixed_horizon
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.variant_means import VariantMeans, phase_weights, standardize
from groundswell_storage.experiments.enums import Direction


@dataclass(frozen=True, slots=True)
class Significance:
    """The p value of a test for a difference, with the corresponding interval."""

    p_value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of a variant with the control: variant minus control, in the metric's own unit."""

    units: int
    """The units of both variants, in the phases that have both."""
    difference: float
    fixed: Significance
    """Valid for one analysis, at the planned size."""
    always_valid: Significance
    """Valid at every interim analysis."""
    is_exact: bool
    """True when `always_valid` is the exact bound for low counts."""
    harm_p: float
    """One-sided and always valid: the test of the variant being no worse than the control."""
    effect_size: float
    """Cohen's h for conversions, Cohen's d for other metrics."""
    lift: float | None
    """The relative difference; None when the control's mean is 0 or close to it."""
    lift_test: Significance | None


def compare(
    control: VariantMeans,
    variant: VariantMeans,
    plan: AnalysisPlan,
    *,
    proportions: bool,
    direction: Direction,
) -> Comparison:
    """Compares two variants (phases,); `proportions` is True for plain conversions, which have their own tests."""
    weights = phase_weights([control, variant])
    a, b = standardize(control, weights), standardize(variant, weights)
    level = 1.0 - plan.alpha
    if proportions:
        fixed = fixed_horizon.pooled_z(control, variant, weights, level)
        size = fixed_horizon.cohens_h(a.mean, b.mean)
    else:
        fixed = fixed_horizon.welch_t(a, b, level)
        size = fixed_horizon.cohens_d(a, b)
    anytime = always_valid.against_equality(control, variant, plan, proportions=proportions)
    bounds = always_valid.interval(control, variant, plan, proportions=proportions)
    lift = fixed_horizon.relative_lift(a, b, level)
    has_lift = bool(np.isfinite(lift.estimate))
    return Comparison(
        units=int(a.count + b.count),
        difference=float(b.mean - a.mean),
        fixed=_significance(fixed),
        always_valid=Significance(float(anytime.p_value), *bounds),
        is_exact=bool(anytime.is_exact),
        harm_p=harm_p(control, variant, plan, proportions=proportions, direction=direction),
        effect_size=float(size),
        lift=float(lift.estimate) if has_lift else None,
        lift_test=_significance(lift) if has_lift else None,
    )


def harm_p(
    control: VariantMeans,
    variant: VariantMeans,
    plan: AnalysisPlan,
    *,
    proportions: bool,
    direction: Direction,
) -> float:
    """Returns the one-sided, always-valid p value of the variant (phases,) being no worse than the control."""
    # A variant is worse when its mean is higher, if the metric is to decrease, and lower otherwise.
    lower, higher = (control, variant) if direction is Direction.DECREASE else (variant, control)
    return float(always_valid.against_at_most(lower, higher, plan, proportions=proportions).p_value)


def _significance(found: fixed_horizon.Inference) -> Significance:
    return Significance(float(found.p_value), float(found.lower), float(found.upper))
