"""Intervals, estimates and metrics as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of
from groundswell_storage.learning.model_versions import Figures

if TYPE_CHECKING:
    from groundswell_server.learning.estimates import Estimate

LEVEL = 0.95
"""Level of the intervals of scores, gains, importance and hours."""


def estimate(value: float, lower: float, upper: float, sample_size: int) -> common_pb2.Estimate:
    """Returns an estimate with its 95% interval."""
    interval = common_pb2.Interval(lower=lower, upper=upper, level=LEVEL)
    return common_pb2.Estimate(value=value, interval=interval, sample_size=sample_size)


def estimate_message(found: Estimate | None) -> common_pb2.Estimate | None:
    """Returns an estimate as the contract has it; None for None."""
    return None if found is None else common_pb2.Estimate(**fields_of(found))


def fill_interval(interval: common_pb2.Interval, lower: float, upper: float) -> None:
    """Writes a 95% interval into a message."""
    interval.lower = lower
    interval.upper = upper
    interval.level = LEVEL


def metrics_message(metrics: Figures) -> pb.ModelMetrics:
    """Returns the metrics that the contract names; others are left out."""
    message = pb.ModelMetrics()
    for name in message.DESCRIPTOR.fields_by_name:
        if name in metrics:
            setattr(message, name, int(metrics[name]) if name == "sample_size" else metrics[name])
    return message
