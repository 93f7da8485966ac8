"""Experiments without an effect, looked at again and again: how many are ever flagged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.statistics.always_valid import AnalysisPlan, against_at_most, against_equality
from groundswell_server.experiments.statistics.fixed_horizon import pooled_z
from groundswell_server.experiments.statistics.variant_means import VariantMeans, conversions, phase_weights

Flags = NDArray[np.bool_]

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Looks:
    """How many of the experiments each test ever flagged, as shares."""

    always_valid: float
    one_sided: float
    fixed: float
    """The fixed-horizon test at every look, which it is not made for."""
    either: float
    """The always-valid test at every look before the planned size, or the fixed-horizon one once, there."""


def of_conversions(
    experiments: int,
    units_per_arm: int,
    share: float,
    random: np.random.Generator,
    *,
    every: int = 100,
    planned: int | None = None,
) -> Looks:
    """A look after every `every` units, which chance shares out, up to about `units_per_arm` in each arm."""
    planned = planned or 2 * units_per_arm
    plan = AnalysisPlan(ALPHA, planned)
    hits, units = np.zeros((2, 1, experiments)), np.zeros((2, 1, experiments))
    ever = {name: np.zeros(experiments, np.bool_) for name in ("always_valid", "one_sided", "fixed", "either")}
    for seen in range(every, 2 * units_per_arm + 1, every):
        new = random.binomial(every, 0.5, experiments)
        for arm, count in enumerate((new, every - new)):
            units[arm, 0] += count
            hits[arm, 0] += random.binomial(count, share)
        a, b = (conversions(hits[arm], units[arm]) for arm in (0, 1))
        flagged = _flags(a, b, plan)
        ever["always_valid"] |= flagged
        ever["one_sided"] |= against_at_most(a, b, plan, proportions=True).p_value < ALPHA
        fixed = pooled_z(a, b, phase_weights([a, b])).p_value < ALPHA
        ever["fixed"] |= fixed
        if seen < planned:
            ever["either"] |= flagged
        elif seen < planned + every:
            ever["either"] |= fixed
    return Looks(**{name: float(flags.mean()) for name, flags in ever.items()})


def of_phases(experiments: int, units_per_phase: int, random: np.random.Generator, *, every: int = 100) -> float:
    """Share ever flagged, always-valid, while the split goes from 9:1 to 1:1 and everybody's share from 10% to 20%."""
    plan = AnalysisPlan(ALPHA, 2 * units_per_phase)
    hits, units = np.zeros((2, 2, experiments)), np.zeros((2, 2, experiments))
    ever = np.zeros(experiments, np.bool_)
    for phase, (split, share) in enumerate(((0.1, 0.1), (0.5, 0.2))):
        for _ in range(0, units_per_phase, every):
            new = random.binomial(every, split, experiments)
            for arm, count in enumerate((every - new, new)):
                units[arm, phase] += count
                hits[arm, phase] += random.binomial(count, share)
            ever |= _flags(conversions(hits[0], units[0]), conversions(hits[1], units[1]), plan)
    return float(ever.mean())


def of_values(
    experiments: int, units_per_arm: int, random: np.random.Generator, *, every: int = 100, lift: float = 0.0
) -> float:
    """Share ever flagged of skewed values (exponential), b's higher by `lift`; half of the new units go to each arm."""
    plan = AnalysisPlan(ALPHA, 2 * units_per_arm)
    count = 0
    total, squares = np.zeros((2, 1, experiments)), np.zeros((2, 1, experiments))
    ever = np.zeros(experiments, np.bool_)
    for _ in range(every, 2 * units_per_arm + 1, every):
        count += every // 2
        values = random.standard_exponential((every // 2, 2, 1, experiments), dtype=np.float32)
        values[:, 1] += lift
        total += values.sum(axis=0)
        squares += np.square(values).sum(axis=0)
        spread = (squares - total**2 / count) / (count - 1)
        a, b = (
            VariantMeans(np.full((1, experiments), float(count)), total[arm] / count, spread[arm]) for arm in (0, 1)
        )
        ever |= against_equality(a, b, plan, proportions=False).p_value < ALPHA
    return float(ever.mean())


def _flags(a: VariantMeans, b: VariantMeans, plan: AnalysisPlan) -> Flags:
    return np.asarray(against_equality(a, b, plan, proportions=True).p_value < ALPHA)
