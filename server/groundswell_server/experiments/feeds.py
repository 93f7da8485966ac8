"""Which events feed which metrics, and what a unit's total counts for in the sums of its arm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from groundswell_server.experiments.design import BUILT_IN, Metric
from groundswell_server.experiments.vocabulary import MetricKind
from groundswell_storage.experiments.counting import Total

KNOWN = frozenset(event for metric in BUILT_IN.values() for event in (metric.event, metric.denominator_event) if event)
"""Events that every experiment takes, whether a metric needs them or not."""

Sums = tuple[float, float, float, float, float, float, float, float, float]
"""y, z, x, yy, zz, xx, yz, yx, zx, as storage keeps them."""


ABOVE, BELOW, BEFORE = range(3)
"""What an event adds to: y, z or x of its unit's total."""

Feed = tuple[int, int, bool]
"""Index of the metric, what is added to, and whether the event's value is added or 1."""


def feeds_of(metrics: Sequence[Metric]) -> Mapping[str, Sequence[Feed]]:
    """What each event adds to."""
    found: dict[str, list[Feed]] = defaultdict(list)
    for index, metric in enumerate(metrics):
        found[metric.event].append((index, ABOVE, metric.kind in (MetricKind.MEAN, MetricKind.RATIO)))
        if metric.denominator_event:
            found[metric.denominator_event].append((index, BELOW, True))
        if metric.covariate_event:
            found[metric.covariate_event].append((index, BEFORE, True))
    return found


def contribution(metric: Metric, total: Total) -> Sums:
    """What a unit counts for in the sums of its arm."""
    y, z, x = total.y, total.z, total.x
    if metric.kind is MetricKind.CONVERSION:
        y = float(y > 0)
    elif metric.cap is not None:
        y = min(y, metric.cap)
    return y, z, x, y * y, z * z, x * x, y * z, y * x, z * x
