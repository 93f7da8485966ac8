"""The plan of an experiment: sample size, duration and minimum detectable effect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from groundswell_server.experiments.statistics import power
from groundswell_storage.errors import InvalidArgument
from groundswell_storage.experiments.enums import MetricKind

CURVE = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""The points of the power curve, relative to the wanted lift."""


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """The metric and the effect for which the size of an experiment is computed."""

    kind: MetricKind
    baseline: float
    lift: float
    """The relative change that is to be detected."""
    standard_deviation: float = 0.0
    """The standard deviation of one unit's value; required unless the metric is a CONVERSION."""
    power: float = 0.8
    confidence_level: float = 0.95
    variant_count: int = 2
    units_per_day: float = 0.0
    """0 if unknown."""
    coverage: float = 1.0
    covariate_correlation: float = 0.0

    def effect_size(self, lift: float) -> float:
        """Returns Cohen's h for a proportion, Cohen's d for a mean; raises ValueError for a proportion above 1."""
        if self.kind is MetricKind.CONVERSION:
            return power.size_of_proportions(self.baseline, lift) / math.sqrt(1.0 - self.covariate_correlation**2)
        return power.size_of_means(self.baseline, self.standard_deviation, lift, self.covariate_correlation)


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """A point of the power curve."""

    lift: float
    """Relative."""
    power: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of an experiment."""

    units_per_variant: int
    total_units: int
    sequential_units_per_variant: int
    duration: timedelta | None
    detectable_lift: float | None
    power_curve: tuple[PowerPoint, ...]


def plan(inputs: PlanInputs) -> Plan:
    """Returns the plan; raises InvalidArgument (`EXPERIMENT_INVALID`) for impossible inputs."""
    if inputs.variant_count < 2:
        raise _invalid("variant_count", f"must be at least 2, got {inputs.variant_count}")
    if inputs.kind is not MetricKind.CONVERSION and not inputs.standard_deviation:
        raise _invalid("standard_deviation", "is required unless the kind is CONVERSION")
    if inputs.kind is MetricKind.CONVERSION:
        _check_rates(inputs.baseline, inputs.lift)
    wanted = inputs.effect_size(inputs.lift)
    # Comparisons with the control are corrected by Holm's method, whose first step is Bonferroni's.
    alpha = (1.0 - inputs.confidence_level) / (inputs.variant_count - 1)
    units = power.sample_size(wanted, inputs.power, alpha)
    sequential = power.sequential_sample_size(wanted, inputs.power, alpha)
    if math.isinf(units) or math.isinf(sequential):
        raise _invalid("lift", f"must be larger: no sample size detects {inputs.lift:g}")
    each = math.ceil(units)
    total = each * inputs.variant_count
    days = power.duration_days(total, inputs.units_per_day, inputs.coverage) if inputs.units_per_day else None
    return Plan(
        units_per_variant=each,
        total_units=total,
        sequential_units_per_variant=math.ceil(sequential),
        duration=None if days is None or days > timedelta.max.days else timedelta(days=days),
        detectable_lift=_detectable(inputs, each, alpha),
        power_curve=_curve(inputs, each, alpha),
    )


def _detectable(inputs: PlanInputs, units: int, alpha: float) -> float | None:
    if inputs.kind is not MetricKind.CONVERSION:
        return power.detectable_size(units, inputs.power, alpha) / inputs.effect_size(1.0)
    # A covariate has the effect of more units.
    worth = units / (1.0 - inputs.covariate_correlation**2)
    found = power.detectable_lift_of_proportions(inputs.baseline, worth, inputs.power, alpha)
    return found if math.isfinite(found) else None


def _curve(inputs: PlanInputs, units: int, alpha: float) -> tuple[PowerPoint, ...]:
    points = []
    for part in CURVE:
        lift = float(f"{inputs.lift * part:.12g}")  # 1.5 times 0.3 is 0.45, not 0.44999999999999996
        if inputs.kind is MetricKind.CONVERSION and inputs.baseline * (1.0 + lift) > 1.0:
            break
        points.append(PowerPoint(lift, power.power(inputs.effect_size(lift), units, alpha)))
    return tuple(points)


def _check_rates(baseline: float, lift: float) -> None:
    if baseline >= 1.0:
        raise _invalid("baseline", f"must be below 1 for a CONVERSION, got {baseline:g}; write 10% as 0.1")
    if baseline * (1.0 + lift) > 1.0:
        raise _invalid("lift", f"must be at most {1.0 / baseline - 1.0:.3g} for this baseline, got {lift:g}")


def _invalid(field: str, description: str) -> InvalidArgument:
    return InvalidArgument.of(field, description, reason="EXPERIMENT_INVALID")
