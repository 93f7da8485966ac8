"""The metrics that each event contributes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from groundswell_server.experiments.design.design import BUILT_IN, Metric
from groundswell_storage.experiments.enums import MetricKind

BUILT_IN_EVENTS = frozenset(
    event for metric in BUILT_IN.values() for event in (metric.event, metric.denominator_event) if event
)
"""The events that every experiment accepts, even when none of its metrics uses them."""

NUMERATOR, DENOMINATOR, COVARIATE = range(3)
"""The parts of a unit's total that an event can add to: y, z and x."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""The accepted error of a client's clock."""

MetricInput = tuple[int, int, bool]
"""The index of a metric, the part that an event adds to, and True when it adds the event's value instead of 1."""


def covariate_events_of(inputs: Mapping[str, Sequence[MetricInput]]) -> frozenset[str]:
    """Returns the names of the events that are only covariates, which describe a unit before its exposure."""
    return frozenset(name for name, mine in inputs.items() if all(part == COVARIATE for _, part, _ in mine))


def metric_inputs_of(metrics: Sequence[Metric]) -> Mapping[str, Sequence[MetricInput]]:
    """Returns the metric inputs of each event, by the event's name."""
    inputs: dict[str, list[MetricInput]] = defaultdict(list)
    for index, metric in enumerate(metrics):
        inputs[metric.event].append((index, NUMERATOR, metric.kind in (MetricKind.MEAN, MetricKind.RATIO)))
        if metric.denominator_event:
            inputs[metric.denominator_event].append((index, DENOMINATOR, True))
        if metric.covariate_event:
            inputs[metric.covariate_event].append((index, COVARIATE, True))
    return inputs
