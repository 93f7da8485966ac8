"""The tally of a batch: what its events add to units' totals, and how that changes the sums of the variants.

All functions work on arrays, because a batch has thousands of events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.catalog.metric_events import MetricInput
from groundswell_server.experiments.counting.unit_variant_cache import CROSSED, phase_variant_of
from groundswell_server.experiments.design.design import Metric
from groundswell_storage.experiments.enums import MetricKind
from groundswell_storage.experiments.unit_counts import PhaseVariant, Totals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_PAIRS = np.triu_indices(3, 1)
"""The positions of yz, yx and zx in the matrix of products."""


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """The addition of a batch to the totals of units on one metric."""

    metric: int
    units: Integers
    """(units,) unit numbers, ascending."""
    variants: Integers
    """(units,) variant numbers."""
    parts: Floats
    """(3, units) y, z and x."""

    @property
    def totals(self) -> Totals:
        """Returns the addition in the form that storage takes."""
        return Totals(self.units.tolist(), *self.parts.tolist())


def additions(
    inputs: Mapping[str, Sequence[MetricInput]],
    names: Sequence[str],
    units: Integers,
    variants: Integers,
    values: Sequence[float],
) -> list[Addition]:
    """Returns the additions of a batch by metric; the other arguments have one element for each event."""
    distinct, first, unit_of = np.unique(units, return_index=True, return_inverse=True)
    variant_of_unit = variants[first]
    amounts = np.array(values, np.float64)
    parts: dict[int, Floats] = {}
    touched: dict[int, NDArray[np.bool_]] = {}
    for name, mine in _by_name(names):
        rows = unit_of[mine]
        counts = np.bincount(rows, minlength=len(distinct))
        for metric, part, by_value in inputs.get(name, ()):
            added = np.bincount(rows, amounts[mine], len(distinct)) if by_value else counts
            parts.setdefault(metric, np.zeros((3, len(distinct))))[part] += added
            touched[metric] = touched.get(metric, False) | (counts > 0)
    return [
        Addition(metric, distinct[mine], variant_of_unit[mine], parts[metric][:, mine])
        for metric, mine in sorted(touched.items())
    ]


def _by_name(names: Sequence[str]) -> Iterator[tuple[str, NDArray[np.bool_] | slice]]:
    """Yields each name with the selection of its events."""
    distinct = set(names)
    if len(distinct) == 1:
        yield distinct.pop(), slice(None)
        return
    numbers = {name: number for number, name in enumerate(distinct)}
    number_of = np.array([numbers[name] for name in names])
    for name, number in numbers.items():
        yield name, number_of == number


def changes(metric: Metric, added: Addition, now: Totals) -> dict[PhaseVariant, Floats]:
    """Returns the changes of the variants' sums by an addition after which the units' totals are `now`."""
    after = np.array([now.y, now.z, now.x], np.float64)
    found: dict[PhaseVariant, Floats] = {}
    for number in set(added.variants.tolist()) - {CROSSED}:
        mine = added.variants == number
        totals = after[:, mine]
        found[phase_variant_of(number)] = sums(metric, totals) - sums(metric, totals - added.parts[:, mine])
    return found


def sums(metric: Metric, totals: Floats) -> Floats:
    """Returns the sums (9,), in the order of `unit_counts.SUMS`, over units with the totals (3, units) y, z and x."""
    counted = totals.copy()
    if metric.kind is MetricKind.CONVERSION:
        counted[0] = totals[0] > 0
    elif metric.cap is not None:
        counted[0] = np.minimum(totals[0], metric.cap)
    products = counted @ counted.T
    return np.concatenate((counted.sum(axis=1), products.diagonal(), products[_PAIRS]))
