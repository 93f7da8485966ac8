"""The analysis of a whole experiment: metrics, families of tests, SRM check, factor effects, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from groundswell_server.experiments.analysis import verdicts
from groundswell_server.experiments.analysis.adaptive import analyze_metric_adaptively, reason_for_weighting
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
from groundswell_server.experiments.statistics.always_valid import AnalysisPlan
from groundswell_server.experiments.statistics.corrections import benjamini_hochberg, holm
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.sample_ratio_mismatch import SampleRatio, check_sample_ratio
from groundswell_server.experiments.statistics.variant_means import Array
from groundswell_storage.experiments.enums import Direction, MetricRole

Hypothesis = tuple[int, int]
"""The indexes of a metric and a variant: the hypothesis that the variant equals the control on the metric."""


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings of an analysis, which are fixed before the experiment starts."""

    variants: tuple[str, ...]
    """The keys of the variants."""
    control: int
    specs: tuple[MetricSpec, ...]
    """The metrics, of which exactly one is PRIMARY."""
    rules: Rules
    expected_total_sample: int
    """The planned units of all variants."""
    levels: tuple[int, ...] = ()
    """The number of levels of each factor, if the variants are the product of factors with the last one fastest."""
    is_bandit: bool = False
    """True for adaptive allocation. The phases are then batches, and the shares are the probabilities stored with the
    choices."""

    @property
    def primary(self) -> int:
        """Returns the index of the primary metric."""
        return next(index for index, spec in enumerate(self.specs) if spec.role is MetricRole.PRIMARY)


@dataclass(frozen=True, slots=True)
class Observed:
    """The counts of an experiment."""

    moments: Sequence[Sequence[Sequence[Moments]]]
    """(metrics, variants, phases)"""
    units: Array
    """(phases, variants) units that count."""
    shares: Array
    """(phases, variants) expected shares; those of a phase sum to 1."""
    runtime: timedelta
    crossed: Array | None = None
    """(phases, variants) units that were later seen in another variant."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The p values of one comparison, adjusted for its family of tests."""

    fixed_p: float
    always_valid_p: float
    harm_p: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result of an analysis."""

    results: tuple[MetricResult, ...]
    """The results by metric."""
    adjusted: Mapping[Hypothesis, Adjusted]
    """Adjusted p values by metric and variant, without the control: Holm for the primary metric and for the guardrails,
    Benjamini-Hochberg for all secondary metrics together."""
    effects: tuple[FactorEffect, ...]
    """The effects of the factors on the primary metric."""
    sample_ratio: SampleRatio
    test: DecidingTest
    decision: Decision


def analyze_observed(setup: Setup, observed: Observed, test: DecidingTest, *, seed: int | None = 0) -> Analysis:
    """Analyzes the counts of an experiment; `test` is the result of `deciding_test` for this analysis.

    `seed` is that of the posteriors' simulation, which decides nothing; None leaves it out, which saves most of the
    time.
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
        explanation = f"{decision.explanation} {reason_for_weighting(setup.variants, results[setup.primary])}"
        decision = replace(decision, explanation=explanation)
    return Analysis(results, adjusted, effects, ratio, test, decision)


def _fixed(setup: Setup, observed: Observed, seed: int | None) -> tuple[tuple[MetricResult, ...], SampleRatio]:
    """Analyzes a fixed split. A comparison is planned for the units of its two variants."""
    plan = AnalysisPlan(setup.rules.alpha, 2.0 * setup.expected_total_sample / len(setup.variants))
    results = tuple(
        analyze_metric(spec, variants, setup.control, plan, seed=seed)
        for spec, variants in zip(setup.specs, observed.moments, strict=True)
    )
    return results, check_sample_ratio(_assigned(observed), observed.shares)


def _adaptive(setup: Setup, observed: Observed, seed: int | None) -> tuple[tuple[MetricResult, ...], SampleRatio]:
    """Analyzes a bandit. Each unit contributes to all estimates, so that comparisons are planned for all units."""
    plan = AnalysisPlan(setup.rules.alpha, float(setup.expected_total_sample))
    results = tuple(
        analyze_metric_adaptively(spec, variants, observed.shares, setup.control, plan, seed=seed)
        for spec, variants in zip(setup.specs, observed.moments, strict=True)
    )
    return results, check_sample_ratio(_assigned(observed), observed.shares, by_phase=False)


def _assigned(observed: Observed) -> Array:
    """Returns the units as they were first assigned, to which the expected shares refer."""
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
    variants, higher = results[setup.primary].variants, setup.specs[setup.primary].direction is not Direction.DECREASE
    units = observed.units.sum(axis=0)
    others = []
    for metric, variant in _hypotheses(setup, MetricRole.PRIMARY):
        compared, p = results[metric].comparisons[variant], adjusted[metric, variant]
        others.append(
            Contender(
                key=setup.variants[variant],
                units=int(units[variant]),
                mean=variants[variant].mean,
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
    control = Contender(setup.variants[setup.control], int(units[setup.control]), variants[setup.control].mean)
    return Evidence(
        runtime=observed.runtime,
        srm_p=ratio.least_p if ratio.is_mismatch else None,
        broken=broken,
        control=control,
        others=others,
        test=test,
        higher_is_better=higher,
    )
