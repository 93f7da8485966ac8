"""A variant against the control on one metric, by every test at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groundswell_server.experiments.statistics import bernoulli_bound, confidence_sequence, fixed_horizon
from groundswell_server.experiments.statistics.arms import ArmMean, ArmMeans, Array, phase_weights, standardize
from groundswell_server.experiments.vocabulary import Direction


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised of tests and intervals."""

    alpha: float
    """Share of experiments without an effect that may be flagged: 1 - the confidence level."""
    planned: float
    """Units of both arms at which the always-valid test is tightest, fixed at the start."""


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
    """Relative difference; None where the control's mean is 0."""
    lift_test: Significance | None


def compare(
    control: ArmMeans, variant: ArmMeans, promise: Promise, *, proportions: bool, direction: Direction
) -> Comparison:
    """Two arms (phases,); `proportions` when they are plain conversions, which have tests of their own."""
    weights = phase_weights([control, variant])
    kept = weights > 0.0
    a, b = standardize(control, weights), standardize(variant, weights)
    level = 1.0 - promise.alpha
    if proportions:
        fixed = fixed_horizon.pooled_z(control, variant, weights, level)
        size = fixed_horizon.cohens_h(a.mean, b.mean)
    else:
        fixed = fixed_horizon.welch_t(a, b, level)
        size = fixed_horizon.cohens_d(a, b)
    exact = proportions and bool(bernoulli_bound.too_few(control.only(kept), variant.only(kept)))
    if exact:
        always_valid, harm_p = _exact(control.only(kept), variant.only(kept), promise, direction)
    else:
        always_valid, harm_p = _asymptotic(a, b, promise, direction)
    lift = fixed_horizon.relative_lift(a, b, level) if float(a.mean) != 0.0 else None
    return Comparison(
        units=int(a.count + b.count),
        difference=float(b.mean - a.mean),
        fixed=_significance(fixed),
        always_valid=always_valid,
        is_exact=exact,
        harm_p=harm_p,
        effect_size=float(size),
        lift=None if lift is None else float(lift.estimate),
        lift_test=None if lift is None else _significance(lift),
    )


def _asymptotic(a: ArmMean, b: ArmMean, promise: Promise, direction: Direction) -> tuple[Significance, float]:
    apart, error2, units = b.mean - a.mean, a.error2 + b.error2, a.count + b.count
    if float(error2) <= 0.0:
        return Significance(1.0, -np.inf, np.inf), 1.0
    plan = (error2, units, promise.planned, promise.alpha)
    half = confidence_sequence.half_width(*plan)
    worse = apart if direction is Direction.DECREASE else -apart
    return (
        Significance(_p(confidence_sequence.log_evidence(apart, *plan)), float(apart - half), float(apart + half)),
        _p(confidence_sequence.log_evidence_above(worse, *plan)),
    )


def _exact(a: ArmMeans, b: ArmMeans, promise: Promise, direction: Direction) -> tuple[Significance, float]:
    lower, upper = bernoulli_bound.interval(a, b, promise.alpha)
    better, worse = (a, b) if direction is Direction.DECREASE else (b, a)
    return (
        Significance(_p(bernoulli_bound.log_evidence(a, b)), lower, upper),
        _p(bernoulli_bound.log_evidence_above(better, worse)),
    )


def _p(log_evidence: Array) -> float:
    return float(confidence_sequence.p_value(log_evidence))


def _significance(found: fixed_horizon.Inference) -> Significance:
    return Significance(float(found.p_value), float(found.lower), float(found.upper))
