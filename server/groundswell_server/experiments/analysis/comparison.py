"""A variant against the control on one metric, by every test at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groundswell_server.experiments.enums import Direction
from groundswell_server.experiments.statistics import always_valid, fixed_horizon
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.variant_means import VariantMeans, phase_weights, standardize


@dataclass(frozen=True, slots=True)
class Significance:
    """One test of whether there is a difference, with the interval that goes with it."""

    p_value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A variant against the control. Differences are variant minus control, in the metric's own unit."""

    units: int
    """Of both arms, in the phases that have both."""
    difference: float
    fixed: Significance
    """Right once, at the planned size."""
    always_valid: Significance
    """Right at every look."""
    is_exact: bool
    """Whether `always_valid` is the exact bound for low counts."""
    harm_p: float
    """One-sided and always valid: against the variant being no worse than the control."""
    effect_size: float
    """Cohen's h of conversions, d of everything else."""
    lift: float | None
    """Relative difference; None where the control's mean is 0, or next to nothing."""
    lift_test: Significance | None


def compare(
    control: VariantMeans,
    variant: VariantMeans,
    plan: AnalysisPlan,
    *,
    proportions: bool,
    direction: Direction,
) -> Comparison:
    """Two arms (phases,); `proportions` when they are plain conversions, which have tests of their own."""
    weights = phase_weights([control, variant])
    a, b = standardize(control, weights), standardize(variant, weights)
    level = 1.0 - plan.alpha
    if proportions:
        fixed = fixed_horizon.pooled_z(control, variant, weights, level)
        size = fixed_horizon.cohens_h(a.mean, b.mean)
    else:
        fixed = fixed_horizon.welch_t(a, b, level)
        size = fixed_horizon.cohens_d(a, b)
    whenever = always_valid.against_equality(control, variant, plan, proportions=proportions)
    bounds = always_valid.interval(control, variant, plan, proportions=proportions)
    lift = fixed_horizon.relative_lift(a, b, level)
    has_lift = bool(np.isfinite(lift.estimate))
    return Comparison(
        units=int(a.count + b.count),
        difference=float(b.mean - a.mean),
        fixed=_significance(fixed),
        always_valid=Significance(float(whenever.p_value), *bounds),
        is_exact=bool(whenever.is_exact),
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
    """One-sided and always valid: against the variant being no worse than the control. Arms are (phases,)."""
    # Worse is higher where less is better, and lower elsewhere.
    lower, higher = (control, variant) if direction is Direction.DECREASE else (variant, control)
    return float(always_valid.against_at_most(lower, higher, plan, proportions=proportions).p_value)


def _significance(found: fixed_horizon.Inference) -> Significance:
    return Significance(float(found.p_value), float(found.lower), float(found.upper))
