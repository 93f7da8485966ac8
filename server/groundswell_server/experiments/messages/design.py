"""Designs, both ways, and experiments as messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of, json_in, word_in
from groundswell_server.experiments.design.buckets import Namespace
from groundswell_server.experiments.design.design import BanditOptions, Design, Factor, Metric, Variant, invalid
from groundswell_server.experiments.enums import Allocation, Direction, ExperimentKind, MetricKind, MetricRole
from groundswell_server.experiments.lifecycle import Experiment
from groundswell_server.experiments.messages.conditions import condition_in, fill_condition


def design_in(message: pb.ExperimentDesign) -> Design:
    """The design that a request asks for; what is absent is the default."""
    given: dict[str, Any] = {
        name: getattr(message, name)
        for name in ("coverage", "confidence_level", "min_effect_size")
        if message.HasField(name)
    }
    numbers = ("min_sample_size_per_variant", "expected_total_sample", "bucket_version")
    given |= {name: getattr(message, name) for name in numbers if getattr(message, name)}
    if message.HasField("namespace"):
        space = message.namespace
        given["namespace"] = Namespace(space.name, space.start, space.end)
    if message.HasField("targeting"):
        if message.targeting.ByteSize() > 256 << 10:
            raise invalid("targeting", "is over 256 KiB")
        given["targeting"] = condition_in(message.targeting)
    if message.HasField("min_runtime"):
        given["min_runtime"] = timedelta(seconds=message.min_runtime.seconds)
    if message.HasField("bandit"):
        given["bandit"] = _bandit_in(message.bandit)
    return Design(
        hypothesis=message.hypothesis,
        kind=word_in(ExperimentKind, message.kind, "design.kind") or ExperimentKind.AB_TEST,
        variants=tuple(_variant_in(one, place) for place, one in enumerate(message.variants)),
        factors=tuple(Factor(one.name, tuple(one.levels)) for one in message.factors),
        metrics=tuple(metric_in(one) for one in message.metrics),
        allocation=Allocation(message.allocation),
        seed=message.seed,
        auto_complete=message.auto_complete,
        **given,
    )


def experiment_message(experiment: Experiment) -> pb.Experiment:
    """An experiment as a message."""
    values: dict[str, Any] = {name: getattr(experiment, name) for name in _KEPT}
    message = pb.Experiment(**values)
    _fill_design(message.design, experiment.design)
    for phase in experiment.phases:
        message.phases.add(**fields_of(phase))
    return message


def _variant_in(message: pb.Variant, place: int) -> Variant:
    payload = json_in(message, "payload", f"design.variants[{place}].payload")
    if message.payload.ByteSize() > 16 << 10:
        raise invalid(f"variants[{place}].payload", "is over 16 KiB")
    return Variant(message.key, message.description, message.weight, message.is_control, payload)


def _bandit_in(message: pb.BanditOptions) -> BanditOptions:
    given: dict[str, Any] = {
        name: getattr(message, name) for name in ("lowest_reward", "highest_reward") if message.HasField(name)
    }
    if message.update_units:
        given["update_units"] = message.update_units
    if message.HasField("update_interval"):
        given["update_interval"] = timedelta(seconds=message.update_interval.seconds)
    return BanditOptions(message.top_two, **given)


def metric_in(message: pb.Metric) -> Metric:
    """A metric that a request asks for."""
    return Metric(
        name=message.name,
        kind=MetricKind(message.kind),
        role=MetricRole(message.role),
        direction=Direction(message.direction),
        event=message.event,
        denominator_event=message.denominator_event,
        cap=message.cap if message.HasField("cap") else None,
        covariate_event=message.covariate_event,
    )


def _fill_design(message: pb.ExperimentDesign, design: Design) -> None:
    plain: dict[str, Any] = {name: getattr(design, name) for name in _PLAIN}
    message.MergeFrom(pb.ExperimentDesign(**plain))
    message.min_runtime.FromTimedelta(design.min_runtime)
    if design.namespace is not None:
        message.namespace.MergeFrom(pb.Namespace(**fields_of(design.namespace)))
    if design.bandit is not None:
        message.bandit.MergeFrom(pb.BanditOptions(**fields_of(design.bandit)))
    if design.targeting is not None:
        fill_condition(message.targeting, design.targeting)
    for factor in design.factors:
        message.factors.add(name=factor.name, levels=factor.levels)
    for metric in design.metrics:
        message.metrics.add(**fields_of(metric))
    for variant in design.variants:
        added = message.variants.add(
            key=variant.key, description=variant.description, weight=variant.weight, is_control=variant.is_control
        )
        if variant.payload:
            added.payload.update(variant.payload)


_KEPT = (
    "id",
    "key",
    "state",
    "winner",
    "end_reason",
    "create_time",
    "update_time",
    "start_time",
    "end_time",
    "etag",
)
"""Fields of an experiment that are the same in its message."""
_PLAIN = (
    "hypothesis",
    "kind",
    "allocation",
    "coverage",
    "seed",
    "min_sample_size_per_variant",
    "confidence_level",
    "min_effect_size",
    "expected_total_sample",
    "bucket_version",
    "auto_complete",
)
"""Fields that are the same in the message."""
