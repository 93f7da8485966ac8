"""The history of the interval of a variant's difference to the control, also drawn in characters.

The intervals are always valid: all of them together contain the true difference with the promised confidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from groundswell.v1.experiments_pb2 import (
        AnalyzeExperimentResponse,
        DifferenceTest,
        InterimComparison,
        VariantResult,
    )

MAX_LINES = 16
WIDTH = 41
"""Characters of the drawing."""


@dataclass(frozen=True, slots=True)
class Point:
    """One interim analysis; bounds are None where the difference is unbounded."""

    time: datetime
    units: int
    difference: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class IntervalHistory:
    """The difference of a variant to the control on the primary metric, oldest analysis first, the present one last."""

    variant: str
    metric: str
    points: Sequence[Point]

    @property
    def title(self) -> str:
        """Title of the drawing."""
        return f"{self.variant} against the control on {self.metric}"

    @property
    def scale(self) -> tuple[float, float]:
        """Range of the drawing: the last interval and 0 with a margin. Early intervals are far wider."""
        last = self.points[-1]
        ends = (0.0, last.difference, *(bound for bound in (last.lower, last.upper) if bound is not None))
        room = (max(ends) - min(ends)) / 2.0 or 1.0
        return min(ends) - room, max(ends) + room


def histories(response: AnalyzeExperimentResponse) -> list[IntervalHistory]:
    """Returns the history of every variant except the control."""
    from groundswell.v1.experiments_pb2 import METRIC_ROLE_PRIMARY

    primary = next(metric for metric in response.metrics if metric.role == METRIC_ROLE_PRIMARY)
    compared = (variant for variant in primary.variants if variant.HasField("comparison"))
    return [IntervalHistory(one.variant, primary.metric, _points(response, one)) for one in compared]


def drawn(history: IntervalHistory) -> Iterator[str]:
    """Yields a line for each analysis, at most 16, evenly chosen: time, units, interval, difference."""
    lower, upper = history.scale
    for point in _chosen(history.points):
        difference = f"{point.difference:+.3g}"
        yield f"{point.time:%Y-%m-%d %H:%M} {point.units:>11,} {_bar(point, lower, upper)} {difference}".rstrip()


def _points(response: AnalyzeExperimentResponse, variant: VariantResult) -> list[Point]:
    past = [
        _point(look.analyze_time, look.units, one.difference, one)
        for look in response.history
        for one in look.comparisons
        if one.variant == variant.variant
    ]
    now = variant.comparison
    present = _point(response.decision.decide_time, response.units, now.difference, now.always_valid)
    # A look at the same counts would be drawn twice.
    return [point for point in past if point.units != present.units] + [present]


def _point(time: Timestamp, units: int, difference: float, bounded: InterimComparison | DifferenceTest) -> Point:
    if not bounded.HasField("interval"):
        return Point(time.ToDatetime(), units, difference, None, None)
    return Point(time.ToDatetime(), units, difference, bounded.interval.lower, bounded.interval.upper)


def _chosen(points: Sequence[Point]) -> Sequence[Point]:
    if len(points) <= MAX_LINES:
        return points
    step = (len(points) - 1) / (MAX_LINES - 1)
    return [points[round(number * step)] for number in range(MAX_LINES)]


def _bar(point: Point, lower: float, upper: float) -> str:
    """Returns the interval as a line with `●` at the difference, and `◂` or `▸` where it exceeds the drawing."""
    cells = [" "] * WIDTH

    def place(value: float) -> int:
        return round((min(max(value, lower), upper) - lower) / (upper - lower) * (WIDTH - 1))

    cells[place(0.0)] = "|"
    if point.lower is not None and point.upper is not None:
        first, last = place(point.lower), place(point.upper)
        cells[first : last + 1] = ["┼" if cell == "|" else "─" for cell in cells[first : last + 1]]
        cells[first], cells[last] = "├", "┤"
        if point.lower < lower:
            cells[first] = "◂"
        if point.upper > upper:
            cells[last] = "▸"
    if lower <= point.difference <= upper:
        cells[place(point.difference)] = "●"
    return "".join(cells)
