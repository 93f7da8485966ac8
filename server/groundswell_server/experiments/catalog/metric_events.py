"""Which events feed which metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta

from groundswell_server.experiments.design.design import BUILT_IN, Metric
from groundswell_server.experiments.enums import MetricKind

KNOWN = frozenset(event for metric in BUILT_IN.values() for event in (metric.event, metric.denominator_event) if event)
"""Events that every experiment takes, whether a metric needs them or not."""

ABOVE, BELOW, BEFORE = range(3)
"""What an event adds to: y, z or x of its unit's total."""

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far a client's clock may be off."""

MetricInput = tuple[int, int, bool]
"""Index of the metric, what is added to, and whether the event's value is added or 1."""


def covariate_events_of(feeds: Mapping[str, Sequence[MetricInput]]) -> frozenset[str]:
    """The events that say only what a unit was before it was exposed."""
    return frozenset(name for name, mine in feeds.items() if all(part == BEFORE for _, part, _ in mine))


def metric_inputs_of(metrics: Sequence[Metric]) -> Mapping[str, Sequence[MetricInput]]:
    """What each event adds to."""
    found: dict[str, list[MetricInput]] = defaultdict(list)
    for index, metric in enumerate(metrics):
        found[metric.event].append((index, ABOVE, metric.kind in (MetricKind.MEAN, MetricKind.RATIO)))
        if metric.denominator_event:
            found[metric.denominator_event].append((index, BELOW, True))
        if metric.covariate_event:
            found[metric.covariate_event].append((index, BEFORE, True))
    return found
