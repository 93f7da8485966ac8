"""The always-valid test of two variants: exact for low counts, the asymptotic confidence sequence for higher ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics import bernoulli_bound
from groundswell_server.experiments.statistics.moments import MIN_UNITS_PER_VARIANT
from groundswell_server.experiments.statistics.variant_means import Array, VariantMeans, phase_weights, standardize
from groundswell_server.statistics import confidence_sequence


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """The error rate of tests and intervals, and the size for which they are planned."""

    alpha: float
    """The share of experiments without an effect that may be flagged: 1 - the confidence level."""
    planned: float
    """The units of both variants together at which the always-valid test is tightest, fixed at the start."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence against a hypothesis."""

    p_value: Array
    """(...)"""
    is_exact: NDArray[np.bool_]
    """(...) True where the exact bound for low counts was used."""


def against_equality(a: VariantMeans, b: VariantMeans, plan: AnalysisPlan, *, proportions: bool) -> Evidence:
    """Tests whether the means of two variants (phases, ...) are equal; `proportions` is True for plain conversions."""
    difference, arguments = _difference(a, b, plan)
    log_e = confidence_sequence.log_evidence(difference, *arguments)
    return _chosen(log_e, a, b, bernoulli_bound.log_evidence, proportions)


def against_at_most(a: VariantMeans, b: VariantMeans, plan: AnalysisPlan, *, proportions: bool) -> Evidence:
    """Tests whether the mean of b is at most that of a: the one-sided form, for guardrails."""
    difference, arguments = _difference(a, b, plan)
    log_e = confidence_sequence.log_evidence_above(difference, *arguments)
    return _chosen(log_e, a, b, bernoulli_bound.log_evidence_above, proportions)


def interval(a: VariantMeans, b: VariantMeans, plan: AnalysisPlan, *, proportions: bool) -> tuple[float, float]:
    """Returns the interval of the difference b - a at any time; variants are (phases,)."""
    if proportions and bool(bernoulli_bound.too_few(a, b)):
        return bernoulli_bound.interval(a, b, plan.alpha)
    difference, arguments = _difference(a, b, plan)
    if float(arguments[0]) <= 0.0:
        return -np.inf, np.inf
    half = confidence_sequence.half_width(*arguments)
    return float(difference - half), float(difference + half)


def _difference(
    a: VariantMeans, b: VariantMeans, plan: AnalysisPlan
) -> tuple[Array, tuple[Array, Array, float, float]]:
    """Returns the difference b - a (...) and the further arguments of the confidence sequence."""
    # A phase in which a variant has fewer units is left out, because its variance is too unstable.
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
