"""Validation of a design: fills in the defaults, injects the control, and refuses contradictions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from groundswell_server.experiments.design.buckets import BUCKETS, equal_weights
from groundswell_server.experiments.design.design import (
    ADAPTIVE,
    BUILT_IN,
    BanditOptions,
    Design,
    Metric,
    Variant,
    invalid,
)
from groundswell_server.experiments.design.targeting_conditions import Condition, compile_condition
from groundswell_server.experiments.statistics.moments import MIN_UNITS_PER_VARIANT
from groundswell_storage.experiments.enums import (
    Allocation,
    Direction,
    ExperimentKind,
    MetricKind,
    MetricRole,
)

CONTROL = "control"
"""The key of the control that is injected into a design without one."""
MAX_VARIANTS = 50
_WEIGHT_TOLERANCE = 1e-6
"""The accepted deviation of a sum of weights from 1."""


def complete(design: Design, key: str) -> Design:
    """Returns the design with its defaults filled in.

    Raises InvalidArgument (`EXPERIMENT_INVALID`) with the name of the field.
    """
    is_multivariate = design.kind is ExperimentKind.MULTIVARIATE
    variants = _combinations(design) if is_multivariate else _with_control(design)
    _require(is_multivariate or not design.factors, "factors", "must be empty unless the kind is MULTIVARIATE")
    _require(len(variants) <= MAX_VARIANTS, "variants", f"must be at most {MAX_VARIANTS}, got {len(variants)}")
    _require_distinct([variant.key for variant in variants], "variants")
    if design.namespace is not None:
        _require(design.namespace.start < design.namespace.end, "namespace", "must end after its start")
        _require(design.namespace.has_places, "namespace", "must be wider: a range below a thousandth contains no unit")
    if design.targeting is not None:
        _compiled(design.targeting)
    metrics, allocation = _metrics(design.metrics), _allocation(design)
    design = replace(design, metrics=metrics, allocation=allocation)
    return replace(
        design,
        variants=_weighted(variants, design),
        bandit=_bandit(design),
        seed=design.seed or key,
        min_sample_size_per_variant=max(design.min_sample_size_per_variant, MIN_UNITS_PER_VARIANT),
    )


def _with_control(design: Design) -> tuple[Variant, ...]:
    controls = [variant.key for variant in design.variants if variant.is_control]
    _require(len(controls) <= 1, "variants", f"must contain at most one control, got {len(controls)}")
    _require(len(design.variants) > len(controls), "variants", "must contain at least one variant beside the control")
    if controls:
        return design.variants
    _require(
        design.index(CONTROL) is None,
        "variants",
        f"contain a variant {CONTROL!r} that is not marked as the control: set is_control or rename it",
    )
    # Where weights are given, the injected control takes the rest.
    rest = 1.0 - math.fsum(variant.weight for variant in design.variants) if _has_weights(design) else 0.0
    return (Variant(CONTROL, weight=max(rest, 0.0), is_control=True), *design.variants)


def _combinations(design: Design) -> tuple[Variant, ...]:
    _require(bool(design.factors), "factors", "must not be empty when the kind is MULTIVARIATE")
    _require_distinct([factor.name for factor in design.factors], "factors")
    given = {variant.key: variant for variant in design.variants}
    keys = ["/".join(levels) for levels in itertools.product(*(factor.levels for factor in design.factors))]
    unknown = ", ".join(sorted(given.keys() - set(keys)))
    _require(not unknown, "variants", f"must be combinations of the factors' levels, got {unknown}")
    return tuple(replace(given.get(key, Variant(key)), is_control=position == 0) for position, key in enumerate(keys))


def _allocation(design: Design) -> Allocation:
    is_bandit = design.kind is ExperimentKind.BANDIT
    fixed = Allocation.WEIGHTED if _has_weights(design) else Allocation.EQUAL
    allocation = design.allocation or (Allocation.THOMPSON if is_bandit else fixed)
    if is_bandit:
        _require(allocation in ADAPTIVE, "allocation", f"of a BANDIT must be THOMPSON or UCB, got {allocation.name}")
    elif design.kind is not ExperimentKind.AB_TEST:
        _require(
            allocation not in ADAPTIVE,
            "allocation",
            f"{allocation.name} requires the kind BANDIT or AB_TEST, got {design.kind.name}",
        )
    return allocation


def _bandit(design: Design) -> BanditOptions | None:
    options = design.bandit or BanditOptions()
    low, high = options.lowest_reward, options.highest_reward
    if not design.is_bandit:
        _require(design.bandit is None, "bandit", "must be absent unless the allocation is THOMPSON or UCB")
        return None
    is_ucb = design.allocation is Allocation.UCB
    _require(not (is_ucb and options.top_two), "bandit.top_two", "requires the allocation THOMPSON")
    if is_ucb and design.metrics[design.primary].kind is not MetricKind.CONVERSION:
        needed = "is required for UCB unless the primary metric is a CONVERSION"
        _require(low is not None, "bandit.lowest_reward", needed)
        _require(high is not None, "bandit.highest_reward", needed)
        _require(
            bool(low is not None and high is not None and low < high),
            "bandit.highest_reward",
            "must be above lowest_reward",
        )
    else:
        _require(
            low is None and high is None,
            "bandit.lowest_reward",
            "and highest_reward must be absent unless the allocation is UCB and the primary metric is no CONVERSION",
        )
    return options


def _weighted(variants: Sequence[Variant], design: Design) -> tuple[Variant, ...]:
    """Returns the variants with their weights; `design` has the given weights and the completed allocation."""
    if design.allocation is not Allocation.WEIGHTED:
        shares = equal_weights(len(variants))
        _require_no_weights(design, shares[0])
        return tuple(replace(variant, weight=share) for variant, share in zip(variants, shares, strict=True))
    total = math.fsum(variant.weight for variant in variants)
    # Checked before the sum, which the injected control always makes 1.
    for variant in variants:
        _require_weight(design, variant)
    _require(abs(total - 1.0) <= _WEIGHT_TOLERANCE, "variants", f"must have weights that sum to 1, got {total:g}")
    return tuple(variants)


def _require_no_weights(design: Design, share: float) -> None:
    """Refuses weights that the allocation would ignore; the equal weights of a stored design may be sent back."""
    if not _has_weights(design):
        return
    for position, variant in enumerate(design.variants):
        _require(
            abs(variant.weight - share) <= _WEIGHT_TOLERANCE,
            f"variants[{position}].weight",
            f"must be absent for the allocation {design.allocation.name}; only WEIGHTED uses weights",
        )


def _require_weight(design: Design, variant: Variant) -> None:
    """Refuses a variant that no unit would get: it cannot be analyzed, nor compared with if it is the control."""
    if round(variant.weight * BUCKETS) >= 1:
        return
    position = design.index(variant.key)
    if position is not None:
        raise invalid(
            f"variants[{position}].weight",
            f"of {variant.key!r} must be at least {1 / BUCKETS:g}, got {variant.weight:g}; "
            "omit a variant that no unit is to get",
        )
    cure = (
        "give the variants weights that sum to less than 1, or mark one of them with is_control"
        if variant.key == CONTROL and not design.factors
        else "give a weight to each combination of the factors"
    )
    raise invalid("variants", f"leave no weight for {variant.key!r}: {cure}")


def _has_weights(design: Design) -> bool:
    return any(variant.weight for variant in design.variants)


def complete_metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """Returns the metrics with their defaults filled in; raises InvalidArgument (`EXPERIMENT_INVALID`)."""
    _require_distinct([metric.name for metric in metrics], "metrics")
    completed = tuple(_metric(metric, position) for position, metric in enumerate(metrics))
    outcomes = {event for metric in completed for event in (metric.event, metric.denominator_event)}
    for position, metric in enumerate(completed):
        _require(
            not metric.covariate_event or metric.covariate_event not in outcomes,
            f"metrics[{position}].covariate_event",
            f"{metric.covariate_event!r} is also the event of an outcome: events from before the exposure need a "
            "name of their own",
        )
    return completed


def _metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    completed = complete_metrics(metrics)
    primary = sum(metric.role is MetricRole.PRIMARY for metric in completed)
    _require(primary == 1, "metrics", f"must contain exactly one PRIMARY metric, got {primary}")
    return completed


def _metric(metric: Metric, position: int) -> Metric:
    field = f"metrics[{position}]"
    built_in = BUILT_IN.get(metric.name)
    if built_in is not None and metric.kind is MetricKind.UNSPECIFIED:
        metric = replace(metric, kind=built_in.kind, event=built_in.event, denominator_event=built_in.denominator_event)
    _require(
        metric.kind is not MetricKind.UNSPECIFIED,
        f"{field}.name",
        f"{metric.name!r} is not a built-in metric ({', '.join(BUILT_IN)}): set its kind and its event",
    )
    _require(bool(metric.event), f"{field}.event", "is required")
    is_ratio = metric.kind is MetricKind.RATIO
    _require(
        is_ratio == bool(metric.denominator_event),
        f"{field}.denominator_event",
        f"must be set for a RATIO and absent for other kinds; this metric is a {metric.kind.name}",
    )
    is_amount = metric.kind in (MetricKind.COUNT, MetricKind.MEAN)
    _require(
        metric.cap is None or is_amount, f"{field}.cap", f"requires the kind COUNT or MEAN, got {metric.kind.name}"
    )
    role = metric.role or (MetricRole.SECONDARY if position else MetricRole.PRIMARY)
    return replace(metric, role=role, direction=metric.direction or Direction.INCREASE)


def _compiled(condition: Condition) -> Callable[[Mapping[str, Any]], bool]:
    try:
        return compile_condition(condition)
    except ValueError as error:
        raise invalid("targeting", str(error)) from error


def _require_distinct(names: Sequence[str], field: str) -> None:
    repeated = ", ".join(sorted({name for name in names if names.count(name) > 1}))
    _require(not repeated, field, f"must have distinct names, got {repeated} more than once")


def _require(condition: bool, field: str, description: str) -> None:
    if not condition:
        raise invalid(field, description)
