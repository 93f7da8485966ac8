"""Factor effects of a multivariate experiment: main effects and two-way interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from groundswell_server.experiments.analysis.comparison import Significance
from groundswell_server.experiments.analysis.metric import MetricSpec, measured
from groundswell_server.experiments.statistics.corrections import holm
from groundswell_server.experiments.statistics.factorial import contrasts, judge_contrast
from groundswell_server.experiments.statistics.moments import Moments
from groundswell_server.experiments.statistics.variant_means import phase_weights, standardize


@dataclass(frozen=True, slots=True)
class FactorEffect:
    """The effect of a level relative to the first level of its factor, or the interaction of two levels."""

    factors: tuple[int, ...]
    """One factor for a main effect, two for an interaction."""
    levels: tuple[int, ...]
    """The index of the level of each factor; never the first."""
    estimate: float
    """In the metric's own unit."""
    fixed: Significance
    """Valid for one analysis, at the planned size."""
    adjusted_p: float
    """The p value of `fixed`, adjusted for the number of main effects or of interactions (Holm)."""


def factor_effects(
    spec: MetricSpec, cells: Sequence[Sequence[Moments]], levels: Sequence[int], alpha: float
) -> tuple[FactorEffect, ...]:
    """Returns the effects from the moments (cells, phases) of the factors' product, with the last factor fastest."""
    measures = measured(spec, cells)
    weights = phase_weights(measures)
    means = [standardize(cell, weights) for cell in measures]
    found = [(contrast, judge_contrast(contrast, means, 1.0 - alpha)) for contrast in contrasts(levels)]
    adjusted: list[float] = []
    for order in (1, 2):
        family = [float(inference.p_value) for contrast, inference in found if len(contrast.factors) == order]
        adjusted.extend(holm(family).tolist())
    return tuple(
        FactorEffect(
            contrast.factors,
            contrast.levels,
            float(inference.estimate),
            Significance(float(inference.p_value), float(inference.lower), float(inference.upper)),
            p_value,
        )
        for (contrast, inference), p_value in zip(found, adjusted, strict=True)
    )
