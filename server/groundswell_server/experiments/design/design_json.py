"""Designs as JSON, the way they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any

from groundswell_server.experiments.design.buckets import Namespace
from groundswell_server.experiments.design.design import BanditOptions, Design, Factor, Metric, Variant
from groundswell_server.experiments.design.targeting_conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Contains,
    Equals,
    Exists,
    In,
    Negation,
    Operator,
    Version,
)
from groundswell_server.experiments.enums import Allocation, Direction, ExperimentKind, MetricKind, MetricRole

_CONDITIONS: Mapping[str, type[Any]] = {
    "equals": Equals,
    "in": In,
    "compare": Compare,
    "contains": Contains,
    "version": Version,
    "exists": Exists,
    "and": AllOf,
    "or": AnyOf,
    "not": Negation,
}
"""By the words under which they are stored."""
_WORDS = {kind: word for word, kind in _CONDITIONS.items()}


def record_of(design: Design) -> dict[str, Any]:
    """The design as a JSON object."""
    record = object_of(design)
    record["variants"] = [object_of(variant) for variant in design.variants]
    record["factors"] = [object_of(factor) for factor in design.factors]
    record["metrics"] = [object_of(metric) for metric in design.metrics]
    record["namespace"] = design.namespace and object_of(design.namespace)
    record["targeting"] = design.targeting and _condition_record(design.targeting)
    record["min_runtime"] = design.min_runtime.total_seconds()
    record["bandit"] = design.bandit and _bandit_record(design.bandit)
    return record


def design_of(record: Mapping[str, Any]) -> Design:
    """The design of a JSON object."""
    return Design(
        **{
            **record,
            "kind": ExperimentKind(record["kind"]),
            "allocation": Allocation(record["allocation"]),
            "variants": tuple(Variant(**variant) for variant in record["variants"]),
            "factors": tuple(Factor(one["name"], tuple(one["levels"])) for one in record["factors"]),
            "metrics": tuple(metric_of(metric) for metric in record["metrics"]),
            "namespace": Namespace(**record["namespace"]) if record["namespace"] else None,
            "targeting": _condition(record["targeting"]) if record["targeting"] else None,
            "min_runtime": timedelta(seconds=record["min_runtime"]),
            # Designs of before there were bandits have none.
            "bandit": _bandit(record["bandit"]) if record.get("bandit") else None,
        }
    )


def object_of(value: Any) -> dict[str, Any]:
    """The fields of a dataclass as a JSON object, not those of what is in it."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def metric_of(record: Mapping[str, Any]) -> Metric:
    """The metric of a JSON object."""
    words = {
        "kind": MetricKind(record["kind"]),
        "role": MetricRole(record["role"]),
        "direction": Direction(record["direction"]),
    }
    return Metric(**{**record, **words})


def _bandit_record(options: BanditOptions) -> dict[str, Any]:
    return {**object_of(options), "update_interval": options.update_interval.total_seconds()}


def _bandit(record: Mapping[str, Any]) -> BanditOptions:
    return BanditOptions(**{**record, "update_interval": timedelta(seconds=record["update_interval"])})


def _condition_record(condition: Condition) -> dict[str, Any]:
    record = object_of(condition)
    if isinstance(condition, AllOf | AnyOf):
        record["conditions"] = [_condition_record(inner) for inner in condition.conditions]
    elif isinstance(condition, Negation):
        record["condition"] = _condition_record(condition.condition)
    return {"is": _WORDS[type(condition)], **record}


def _condition(record: Mapping[str, Any]) -> Condition:
    values = {name: value for name, value in record.items() if name != "is"}
    if "conditions" in values:
        values["conditions"] = tuple(_condition(inner) for inner in values["conditions"])
    if "condition" in values:
        values["condition"] = _condition(values["condition"])
    if "values" in values:
        values["values"] = tuple(values["values"])
    if "operator" in values:
        values["operator"] = Operator(values["operator"])
    found: Condition = _CONDITIONS[record["is"]](**values)
    return found
