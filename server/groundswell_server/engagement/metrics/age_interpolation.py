"""Figures of posts at equal age, interpolated between metric snapshots, and comparisons at that age."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class AgePoint:
    """A figure of a post at one age, from one metric snapshot."""

    age: timedelta
    value: float
    """A rate in percent, or a count."""


SAME_AGE: Final = 0.1
"""Part of an age by which the nearest snapshot may be off and still count for the age."""


def value_at_age(points: Sequence[AgePoint], age: timedelta) -> float | None:
    """Returns the figure that a post had at `age`, from its snapshots in order of age.

    Between two snapshots it is interpolated linearly. Outside the snapshots it is unknown, except within a tenth of the
    age: a post is never credited with engagement that was not measured.
    """
    place = bisect_left(points, age, key=_age)
    after = points[place] if place < len(points) else None
    before = after if after is not None and after.age == age else points[place - 1] if place else None
    if before is not None and after is not None:
        if after.age == before.age:
            return before.value
        part = (age - before.age) / (after.age - before.age)
        return before.value + part * (after.value - before.value)
    nearest = before or after
    return nearest.value if nearest is not None and abs(nearest.age - age) <= SAME_AGE * age else None


def _age(point: AgePoint) -> timedelta:
    return point.age


def average_at_age(age: timedelta, peers: Iterable[Sequence[AgePoint]]) -> tuple[float | None, int]:
    """Returns (mean rate in percent, number) of the posts whose rate at `age` is known; (None, 0) without any."""
    rates = [rate for points in peers if (rate := value_at_age(points, age)) is not None]
    return (sum(rates) / len(rates), len(rates)) if rates else (None, 0)


def versus_average_pct(rate_pct: float | None, age: timedelta, peers: Iterable[Sequence[AgePoint]]) -> float | None:
    """Compares a rate at `age` with the mean of other posts at the same age, percent: +20 is a fifth better.

    Returns None when the rate is unknown, there are no other posts, or their mean is 0.
    """
    average, _ = average_at_age(age, peers)
    return None if rate_pct is None or not average else 100.0 * (rate_pct / average - 1.0)
