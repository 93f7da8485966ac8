"""How many units an effect takes to be found, and how long they take to come by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from groundswell_server.experiments.enums import MetricKind
from groundswell_server.experiments.statistics import power
from groundswell_storage.errors import InvalidArgument

CURVE = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Where the power curve is given, as parts of the wanted lift."""


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What is to be found."""

    kind: MetricKind
    baseline: float
    lift: float
    """Relative."""
    standard_deviation: float = 0.0
    """Of one unit; 0 where unknown. Means need it."""
    power: float = 0.8
    confidence_level: float = 0.95
    variant_count: int = 2
    units_per_day: float = 0.0
    """0 where unknown."""
    coverage: float = 1.0
    covariate_correlation: float = 0.0

    def effect_size(self, lift: float) -> float:
        """Cohen's h of a proportion, d of a mean; raises ValueError for a proportion beyond 1."""
        if self.kind is MetricKind.CONVERSION:
            return power.size_of_proportions(self.baseline, lift) / math.sqrt(1.0 - self.covariate_correlation**2)
        return power.size_of_means(self.baseline, self.standard_deviation, lift, self.covariate_correlation)


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes."""

    units_per_variant: int
    total_units: int
    sequential_units_per_variant: int
    duration: timedelta | None
    detectable_lift: float | None
    power_curve: tuple[tuple[float, float], ...]
    """Relative lift and power."""


def plan(inputs: PlanInputs) -> Plan:
    """Raises InvalidArgument (`EXPERIMENT_INVALID`) for figures that no experiment can have."""
    if inputs.variant_count < 2:
        raise _invalid("variant_count", "must be 2 or more: one variant has nothing to be compared with")
    if inputs.kind is not MetricKind.CONVERSION and not inputs.standard_deviation:
        raise _invalid("standard_deviation", "is needed but for conversions")
    if inputs.kind is MetricKind.CONVERSION:
        _check_rates(inputs.baseline, inputs.lift)
    wanted = inputs.effect_size(inputs.lift)
    # The family of comparisons with the control is held together by Holm, whose first step is Bonferroni's.
    alpha = (1.0 - inputs.confidence_level) / (inputs.variant_count - 1)
    units = power.sample_size(wanted, inputs.power, alpha)
    sequential = power.sequential_sample_size(wanted, inputs.power, alpha)
    if math.isinf(units) or math.isinf(sequential):
        raise _invalid("lift", "is too small to be found by any number of units")
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
    # A covariate counts like more units.
    worth = units / (1.0 - inputs.covariate_correlation**2)
    found = power.detectable_lift_of_proportions(inputs.baseline, worth, inputs.power, alpha)
    return found if math.isfinite(found) else None


def _curve(inputs: PlanInputs, units: int, alpha: float) -> tuple[tuple[float, float], ...]:
    points = []
    for part in CURVE:
        lift = float(f"{inputs.lift * part:.12g}")  # 0.45 for three halves of 0.3, not 0.44999999999999996
        if inputs.kind is MetricKind.CONVERSION and inputs.baseline * (1.0 + lift) > 1.0:
            break
        points.append((lift, power.power(inputs.effect_size(lift), units, alpha)))
    return tuple(points)


def _check_rates(baseline: float, lift: float) -> None:
    if baseline >= 1.0:
        raise _invalid("baseline", "must be below 1 for conversions, of which it is the share: 0.1 is 10%")
    if baseline * (1.0 + lift) > 1.0:
        most = f"of at most {1.0 / baseline - 1.0:.3g}"
        raise _invalid("lift", f"must be {most} with this baseline: no more than all units convert")


def _invalid(field: str, description: str) -> InvalidArgument:
    return InvalidArgument.of(field, description, reason="EXPERIMENT_INVALID")
