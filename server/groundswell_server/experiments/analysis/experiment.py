"""A whole experiment: its metrics, its families of tests, its split, its factors, and the verdict on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from groundswell_server.experiments.analysis import verdicts
from groundswell_server.experiments.analysis.adaptive import analyze_metric_adaptively, in_words
from groundswell_server.experiments.analysis.factors import FactorEffect, factor_effects
from groundswell_server.experiments.analysis.metric import MetricResult, MetricSpec, analyze_metric
from groundswell_server.experiments.analysis.verdicts import (
    BrokenGuardrail,
    Contender,
    DecidingTest,
    Decision,
    Evidence,
    Rules,
)
from groundswell_server.experiments.enums import Direction, MetricRole
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.corrections import benjamini_hochberg, holm
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.sample_ratio_mismatch import SampleRatio, check_sample_ratio
from groundswell_server.experiments.statistics.variant_means import Array

Hypothesis = tuple[int, int]
"""Metric and variant, by index: that the variant does on the metric as the control does."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What an experiment compares and how, as it was settled before it began."""

    variants: tuple[str, ...]
    """Keys."""
    control: int
    specs: tuple[MetricSpec, ...]
    """Exactly one is PRIMARY."""
    rules: Rules
    expected_total_sample: int
    """Units of all variants."""
    levels: tuple[int, ...] = ()
    """Of each factor, where the variants are the full product of factors, the last varying fastest."""
    is_bandit: bool = False
    """Whether the data chose where to look. Phases are then its batches, and shares the probabilities stored with the
    choices."""

    @property
    def primary(self) -> int:
        """Index of the metric that decides."""
        return next(index for index, spec in enumerate(self.specs) if spec.role is MetricRole.PRIMARY)


@dataclass(frozen=True, slots=True)
class Observed:
    """What was counted."""

    moments: Sequence[Sequence[Sequence[Moments]]]
    """(metrics, variants, phases)"""
    units: Array
    """(phases, variants) that count."""
    shares: Array
    """(phases, variants) that were due; each phase's sum to 1."""
    runtime: timedelta
    crossed: Array | None = None
    """(phases, variants) that counted once, and were seen in another variant since."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """p values of one comparison, adjusted for those made with it."""

    fixed_p: float
    always_valid_p: float
    harm_p: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """What an experiment says."""

    results: tuple[MetricResult, ...]
    """By metric."""
    adjusted: Mapping[Hypothesis, Adjusted]
    """By metric and variant, the control left out: Holm for the primary metric and for the guardrails, each over its
    variants, Benjamini-Hochberg for all secondary ones together."""
    effects: tuple[FactorEffect, ...]
    """Of the factors on the primary metric; none without factors."""
    sample_ratio: SampleRatio
    test: DecidingTest
    decision: Decision


def analyze_observed(setup: Setup, observed: Observed, test: DecidingTest, *, seed: int | None = 0) -> Analysis:
    """What is known now; `test` is what `deciding_test` says of this look.

    `seed` is of the simulation of posteriors, which decide nothing; None leaves them out, and most of the work.
    """
    results, ratio = _adaptive(setup, observed, seed) if setup.is_bandit else _fixed(setup, observed, seed)
    adjusted = _adjusted(setup, results)
    evidence = _evidence(setup, observed, results, adjusted, ratio, test)
    effects: tuple[FactorEffect, ...] = ()
    if setup.levels:
        primary = setup.primary
        effects = factor_effects(setup.specs[primary], observed.moments[primary], setup.levels, setup.rules.alpha)
    decision = verdicts.decide(evidence, setup.rules)
    if setup.is_bandit:
        told = f"{decision.explanation} {in_words(setup.variants, results[setup.primary])}"
        decision = replace(decision, explanation=told)
    return Analysis(results, adjusted, effects, ratio, test, decision)


def _fixed(setup: Setup, observed: Observed, seed: int | None) -> tuple[tuple[MetricResult, ...], SampleRatio]:
    """Of a split that was settled beforehand. A comparison is planned for the units of its two variants."""
    plan = AnalysisPlan(setup.rules.alpha, 2.0 * setup.expected_total_sample / len(setup.variants))
    results = tuple(
        analyze_metric(spec, arms, setup.control, plan, seed=seed)
        for spec, arms in zip(setup.specs, observed.moments, strict=True)
    )
    return results, check_sample_ratio(_assigned(observed), observed.shares)


def _adaptive(setup: Setup, observed: Observed, seed: int | None) -> tuple[tuple[MetricResult, ...], SampleRatio]:
    """Of a bandit. Each unit bears on all estimates, and its choice had its probability whatever became of it."""
    plan = AnalysisPlan(setup.rules.alpha, float(setup.expected_total_sample))
    results = tuple(
        analyze_metric_adaptively(spec, arms, observed.shares, setup.control, plan, seed=seed)
        for spec, arms in zip(setup.specs, observed.moments, strict=True)
    )
    return results, check_sample_ratio(_assigned(observed), observed.shares, by_phase=False)


def _assigned(observed: Observed) -> Array:
    """Units as they were first assigned, which is what the shares were due to, whatever they were seen in since."""
    return observed.units if observed.crossed is None else observed.units + observed.crossed


def _adjusted(setup: Setup, results: Sequence[MetricResult]) -> dict[Hypothesis, Adjusted]:
    families = {
        role: _hypotheses(setup, role) for role in (MetricRole.PRIMARY, MetricRole.SECONDARY, MetricRole.GUARDRAIL)
    }
    found: dict[Hypothesis, Adjusted] = {}
    for role, hypotheses in families.items():
        correct = benjamini_hochberg if role is MetricRole.SECONDARY else holm
        compared = [results[metric].comparisons[variant] for metric, variant in hypotheses]
        columns = np.array([[one.fixed.p_value, one.always_valid.p_value, one.harm_p] for one in compared])
        if hypotheses:
            rows = np.column_stack([correct(column) for column in columns.T]).tolist()
            found.update({one: Adjusted(*row) for one, row in zip(hypotheses, rows, strict=True)})
    return found


def _hypotheses(setup: Setup, role: MetricRole) -> list[Hypothesis]:
    return [
        (metric, variant)
        for metric, spec in enumerate(setup.specs)
        for variant in range(len(setup.variants))
        if spec.role is role and variant != setup.control
    ]


def _evidence(
    setup: Setup,
    observed: Observed,
    results: Sequence[MetricResult],
    adjusted: Mapping[Hypothesis, Adjusted],
    ratio: SampleRatio,
    test: DecidingTest,
) -> Evidence:
    arms, higher = results[setup.primary].arms, setup.specs[setup.primary].direction is not Direction.DECREASE
    units = observed.units.sum(axis=0)
    others = []
    for metric, variant in _hypotheses(setup, MetricRole.PRIMARY):
        compared, p = results[metric].comparisons[variant], adjusted[metric, variant]
        others.append(
            Contender(
                key=setup.variants[variant],
                units=int(units[variant]),
                mean=arms[variant].mean,
                gain=compared.difference if higher else -compared.difference,
                lift=compared.lift,
                p_value=p.fixed_p if test is DecidingTest.FIXED else p.always_valid_p,
            )
        )
    broken = [
        BrokenGuardrail(setup.specs[metric].name, setup.variants[variant], adjusted[metric, variant].harm_p)
        for metric, variant in _hypotheses(setup, MetricRole.GUARDRAIL)
        if adjusted[metric, variant].harm_p < setup.rules.alpha
    ]
    control = Contender(setup.variants[setup.control], int(units[setup.control]), arms[setup.control].mean)
    return Evidence(
        runtime=observed.runtime,
        srm_p=ratio.least_p if ratio.is_mismatch else None,
        broken=broken,
        control=control,
        others=others,
        test=test,
        higher_is_better=higher,
    )
