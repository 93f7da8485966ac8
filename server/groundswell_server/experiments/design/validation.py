"""A design made complete: defaults filled in, the control injected, contradictions refused."""

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
from groundswell_server.experiments.enums import (
    MIN_UNITS_PER_VARIANT,
    Allocation,
    Direction,
    ExperimentKind,
    MetricKind,
    MetricRole,
)

CONTROL = "control"
"""Key of the variant that is put in front where no control is given."""
MOST_VARIANTS = 50
_WEIGHT_ERROR = 1e-6
"""What may be missing from a sum of weights, or be too much."""


def complete(design: Design, key: str) -> Design:
    """The design with everything that was left out; raises InvalidArgument (`EXPERIMENT_INVALID`) naming the field."""
    variants = _combinations(design) if design.kind is ExperimentKind.MULTIVARIATE else _with_control(design)
    _require(design.kind is ExperimentKind.MULTIVARIATE or not design.factors, "factors", "are for MULTIVARIATE")
    _require(len(variants) <= MOST_VARIANTS, "variants", f"are {len(variants)}; {MOST_VARIANTS} are the most")
    _distinct([variant.key for variant in variants], "variants")
    if design.namespace is not None:
        _require(design.namespace.start < design.namespace.end, "namespace", "ends before it begins")
        _require(design.namespace.has_places, "namespace", "is narrower than a thousandth, and has no unit in it")
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
    _require(len(controls) <= 1, "variants", f"have {len(controls)} controls; one is the most")
    _require(bool(design.variants), "variants", "are needed: at least one beside the control")
    if controls:
        _require(len(design.variants) > 1, "variants", "are needed: at least one beside the control")
        return design.variants
    _require(design.index(CONTROL) is None, "variants", f"have one named {CONTROL!r} that is not marked as the control")
    # Where weights are given, the control takes what they leave.
    left = 1.0 - math.fsum(variant.weight for variant in design.variants) if _has_weights(design) else 0.0
    return (Variant(CONTROL, weight=max(left, 0.0), is_control=True), *design.variants)


def _combinations(design: Design) -> tuple[Variant, ...]:
    _require(bool(design.factors), "factors", "are needed by a MULTIVARIATE experiment")
    _distinct([factor.name for factor in design.factors], "factors")
    given = {variant.key: variant for variant in design.variants}
    keys = ["/".join(levels) for levels in itertools.product(*(factor.levels for factor in design.factors))]
    strangers = given.keys() - set(keys)
    _require(not strangers, "variants", f"are no combinations of the factors: {', '.join(sorted(strangers))}")
    return tuple(replace(given.get(key, Variant(key)), is_control=position == 0) for position, key in enumerate(keys))


def _allocation(design: Design) -> Allocation:
    adapts = design.kind is ExperimentKind.BANDIT
    usual = Allocation.WEIGHTED if _has_weights(design) else Allocation.EQUAL
    allocation = design.allocation or (Allocation.THOMPSON if adapts else usual)
    if adapts:
        _require(allocation in ADAPTIVE, "allocation", "of a BANDIT is THOMPSON or UCB")
    elif design.kind is not ExperimentKind.AB_TEST:
        _require(allocation not in ADAPTIVE, "allocation", f"{allocation.name} is for BANDIT and AB_TEST")
    return allocation


def _bandit(design: Design) -> BanditOptions | None:
    options = design.bandit or BanditOptions()
    bounds = options.lowest_reward, options.highest_reward
    if not design.is_bandit:
        _require(design.bandit is None, "bandit", "is for THOMPSON and UCB")
        return None
    ucb = design.allocation is Allocation.UCB
    _require(not (ucb and options.top_two), "bandit.top_two", "is for THOMPSON")
    if ucb and design.metrics[design.primary].kind is not MetricKind.CONVERSION:
        low, high = bounds
        _require(low is not None, "bandit.lowest_reward", "is needed by UCB on values")
        _require(high is not None, "bandit.highest_reward", "is needed by UCB on values")
        _require(
            bool(low is not None and high is not None and low < high), "bandit.highest_reward", "is not the higher"
        )
    else:
        _require(bounds == (None, None), "bandit.lowest_reward", "is for UCB on values, and so is highest_reward")
    return options


def _weighted(variants: Sequence[Variant], design: Design) -> tuple[Variant, ...]:
    """The variants with their weights; `design` has those that were given, and the allocation."""
    if design.allocation is not Allocation.WEIGHTED:
        shares = equal_weights(len(variants))
        _require_no_other(design, shares[0])
        return tuple(replace(variant, weight=share) for variant, share in zip(variants, shares, strict=True))
    total = math.fsum(variant.weight for variant in variants)
    # Before the sum: it is what the injected control makes 1.
    for variant in variants:
        _require_some(design, variant)
    _require(abs(total - 1.0) <= _WEIGHT_ERROR, "variants", f"have weights that sum to {total:g}, not to 1")
    return tuple(variants)


def _require_no_other(design: Design, share: float) -> None:
    """Weights that WEIGHTED alone heeds are not passed over; those that a stored design has may come back."""
    if not _has_weights(design):
        return
    for position, variant in enumerate(design.variants):
        _require(
            abs(variant.weight - share) <= _WEIGHT_ERROR,
            f"variants[{position}].weight",
            f"is for the allocation WEIGHTED; {design.allocation.name} takes no weights",
        )


def _require_some(design: Design, variant: Variant) -> None:
    """Nothing is known of a variant that no unit gets, nor of the others without their control."""
    if round(variant.weight * BUCKETS) >= 1:
        return
    position = design.index(variant.key)
    if position is not None:
        raise invalid(
            f"variants[{position}].weight",
            f"of {variant.key!r} is {variant.weight:g}: every variant needs {1 / BUCKETS:g} at least, or leave it out",
        )
    what_to_do = (
        "let the weights sum to less than 1, which leaves it the rest, or mark one of the variants with is_control"
        if variant.key == CONTROL and not design.factors
        else "give each combination of the factors its weight"
    )
    raise invalid("variants", f"leave no weight for {variant.key!r}: {what_to_do}")


def _has_weights(design: Design) -> bool:
    return any(variant.weight for variant in design.variants)


def complete_metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """The metrics with everything that was left out; raises InvalidArgument (`EXPERIMENT_INVALID`)."""
    _distinct([metric.name for metric in metrics], "metrics")
    found = tuple(_metric(metric, position) for position, metric in enumerate(metrics))
    outcomes = {event for metric in found for event in (metric.event, metric.denominator_event)}
    for position, metric in enumerate(found):
        _require(
            not metric.covariate_event or metric.covariate_event not in outcomes,
            f"metrics[{position}].covariate_event",
            "is an outcome too: what was before the exposure needs a name of its own",
        )
    return found


def _metrics(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    found = complete_metrics(metrics)
    primary = sum(metric.role is MetricRole.PRIMARY for metric in found)
    _require(primary == 1, "metrics", f"have {primary} that are PRIMARY; one is needed")
    return found


def _metric(metric: Metric, position: int) -> Metric:
    field = f"metrics[{position}]"
    known = BUILT_IN.get(metric.name)
    if known is not None and metric.kind is MetricKind.UNSPECIFIED:
        metric = replace(metric, kind=known.kind, event=known.event, denominator_event=known.denominator_event)
    _require(
        metric.kind is not MetricKind.UNSPECIFIED,
        f"{field}.name",
        f"{metric.name!r} is no built-in metric ({', '.join(BUILT_IN)}): say its kind and its event",
    )
    _require(bool(metric.event), f"{field}.event", "is needed")
    ratio = metric.kind is MetricKind.RATIO
    _require(ratio == bool(metric.denominator_event), f"{field}.denominator_event", "is for RATIO, and needed there")
    is_amount = metric.kind in (MetricKind.COUNT, MetricKind.MEAN)
    _require(metric.cap is None or is_amount, f"{field}.cap", "is for COUNT and MEAN")
    role = metric.role or (MetricRole.SECONDARY if position else MetricRole.PRIMARY)
    return replace(metric, role=role, direction=metric.direction or Direction.INCREASE)


def _compiled(condition: Condition) -> Callable[[Mapping[str, Any]], bool]:
    try:
        return compile_condition(condition)
    except ValueError as error:
        raise invalid("targeting", str(error)) from error


def _distinct(names: Sequence[str], field: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    _require(not twice, field, f"have the same name twice: {', '.join(twice)}")


def _require(holds: bool, field: str, otherwise: str) -> None:
    if not holds:
        raise invalid(field, otherwise)
