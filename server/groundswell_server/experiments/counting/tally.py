"""What events add up to, unit by unit and metric by metric, and what that changes in the sums of the arms.

All on arrays: every number here is one of a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.experiments.catalog.metric_events import MetricInput
from groundswell_server.experiments.counting.unit_variant_cache import CROSSED, phase_variant_of
from groundswell_server.experiments.design.design import Metric
from groundswell_server.experiments.enums import MetricKind
from groundswell_storage.experiments.counting import Arm, Totals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_PAIRS = np.triu_indices(3, 1)
"""yz, yx, zx in the matrix of products."""


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """What events add to the totals of units on one metric."""

    metric: int
    units: Integers
    """Numbers, ascending; shape (units,)."""
    arms: Integers
    """Of each unit, as one number; shape (units,)."""
    parts: Floats
    """y, z and x; shape (3, units)."""

    @property
    def totals(self) -> Totals:
        """The same as storage takes it."""
        return Totals(self.units.tolist(), *self.parts.tolist())


def additions(
    feeds: Mapping[str, Sequence[MetricInput]],
    names: Sequence[str],
    units: Integers,
    arms: Integers,
    values: Sequence[float],
) -> list[Addition]:
    """What events add, one element of each sequence an event; by metric."""
    distinct, first, unit_of = np.unique(units, return_index=True, return_inverse=True)
    arm_of_unit = arms[first]
    amounts = np.array(values, np.float64)
    parts: dict[int, Floats] = {}
    touched: dict[int, NDArray[np.bool_]] = {}
    for name, mine in _by_name(names):
        rows = unit_of[mine]
        counts = np.bincount(rows, minlength=len(distinct))
        for metric, part, by_value in feeds.get(name, ()):
            added = np.bincount(rows, amounts[mine], len(distinct)) if by_value else counts
            parts.setdefault(metric, np.zeros((3, len(distinct))))[part] += added
            touched[metric] = touched.get(metric, False) | (counts > 0)
    return [
        Addition(metric, distinct[mine], arm_of_unit[mine], parts[metric][:, mine])
        for metric, mine in sorted(touched.items())
    ]


def _by_name(names: Sequence[str]) -> Iterator[tuple[str, NDArray[np.bool_] | slice]]:
    """Each name with the events that have it."""
    distinct = set(names)
    if len(distinct) == 1:
        yield distinct.pop(), slice(None)
        return
    numbers = {name: number for number, name in enumerate(distinct)}
    number_of = np.array([numbers[name] for name in names])
    for name, number in numbers.items():
        yield name, number_of == number


def changes(metric: Metric, added: Addition, now: Totals) -> dict[Arm, Floats]:
    """What is added to the sums of arms by what was added to units' totals, which are `now`."""
    after = np.array([now.y, now.z, now.x], np.float64)
    found: dict[Arm, Floats] = {}
    for arm in set(added.arms.tolist()) - {CROSSED}:
        mine = added.arms == arm
        totals = after[:, mine]
        found[phase_variant_of(arm)] = sums(metric, totals) - sums(metric, totals - added.parts[:, mine])
    return found


def sums(metric: Metric, totals: Floats) -> Floats:
    """The sums (`counting.SUMS`) over units whose totals, y, z and x, these are; shapes (3, units) and (9,)."""
    counted = totals.copy()
    if metric.kind is MetricKind.CONVERSION:
        counted[0] = totals[0] > 0
    elif metric.cap is not None:
        counted[0] = np.minimum(totals[0], metric.cap)
    products = counted @ counted.T
    return np.concatenate((counted.sum(axis=1), products.diagonal(), products[_PAIRS]))
