"""The always-valid test of two arms: exact while counts are low, the asymptotic confidence sequence from there on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.enums import MIN_UNITS_PER_VARIANT
from groundswell_server.experiments.statistics import bernoulli_bound
from groundswell_server.experiments.statistics.variant_means import Array, VariantMeans, phase_weights, standardize
from groundswell_server.statistics import confidence_sequence


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """What is promised of tests and intervals."""

    alpha: float
    """Share of experiments without an effect that may be flagged: 1 - the confidence level."""
    planned: float
    """Units of both arms at which the always-valid test is tightest, fixed at the start."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks against a hypothesis."""

    p_value: Array
    """(...)"""
    is_exact: NDArray[np.bool_]
    """(...) whether it is that of the exact bound for low counts."""


def against_equality(a: VariantMeans, b: VariantMeans, plan: AnalysisPlan, *, proportions: bool) -> Evidence:
    """Against the means of two arms (phases, ...) being equal; `proportions` when they are plain conversions."""
    apart, arguments = _difference(a, b, plan)
    log_e = confidence_sequence.log_evidence(apart, *arguments)
    return _chosen(log_e, a, b, bernoulli_bound.log_evidence, proportions)


def against_at_most(a: VariantMeans, b: VariantMeans, plan: AnalysisPlan, *, proportions: bool) -> Evidence:
    """Against the mean of b being that of a at most: one-sided, for guardrails."""
    apart, arguments = _difference(a, b, plan)
    log_e = confidence_sequence.log_evidence_above(apart, *arguments)
    return _chosen(log_e, a, b, bernoulli_bound.log_evidence_above, proportions)


def interval(a: VariantMeans, b: VariantMeans, plan: AnalysisPlan, *, proportions: bool) -> tuple[float, float]:
    """Differences b - a that no look refutes. Arms are (phases,)."""
    if proportions and bool(bernoulli_bound.too_few(a, b)):
        return bernoulli_bound.interval(a, b, plan.alpha)
    apart, arguments = _difference(a, b, plan)
    if float(arguments[0]) <= 0.0:
        return -np.inf, np.inf
    half = confidence_sequence.half_width(*arguments)
    return float(apart - half), float(apart + half)


def _difference(
    a: VariantMeans, b: VariantMeans, plan: AnalysisPlan
) -> tuple[Array, tuple[Array, Array, float, float]]:
    """(...) b - a, and what the confidence sequence wants to know of it."""
    # A phase in which an arm has fewer bears on nothing here: their variance is too unsteady.
    weights = phase_weights([a, b], MIN_UNITS_PER_VARIANT)
    first, second = standardize(a, weights), standardize(b, weights)
    error2, units = first.error2 + second.error2, first.count + second.count
    return second.mean - first.mean, (error2, np.maximum(units, 1.0), plan.planned, plan.alpha)


def _chosen(
    log_e: Array,
    a: VariantMeans,
    b: VariantMeans,
    exact: Callable[[VariantMeans, VariantMeans], Array],
    proportions: bool,
) -> Evidence:
    low = bernoulli_bound.too_few(a, b) if proportions else np.zeros(np.shape(log_e), np.bool_)
    if low.any():
        log_e = np.where(low, exact(a, b), log_e)
    return Evidence(confidence_sequence.p_value(log_e), low)
