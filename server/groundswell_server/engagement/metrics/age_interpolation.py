"""Posts at equal age: what a figure was when the post was so old, and how a rate does against others' at that age."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class AgePoint:
    """A figure of a post at one of its ages: one metric snapshot."""

    age: timedelta
    value: float
    """A rate in percent, or a count."""


SAME_AGE: Final = 0.1
"""Part of an age by which a post's last snapshot may be younger and still stand for it."""


def value_at_age(points: Sequence[AgePoint], age: timedelta) -> float | None:
    """The rate, or count, that a post had at `age`, from its snapshots in order of age.

    Between two snapshots it is interpolated linearly. Before the first and after the last it is unknown, but for a
    tenth of the age: a post is never credited with engagement nobody saw.
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
    """(mean rate in percent, number) of the posts whose rate at `age` is known; (None, 0) when there is none."""
    rates = [rate for points in peers if (rate := value_at_age(points, age)) is not None]
    return (sum(rates) / len(rates), len(rates)) if rates else (None, 0)


def versus_average_pct(rate_pct: float | None, age: timedelta, peers: Iterable[Sequence[AgePoint]]) -> float | None:
    """A rate at `age` against the mean of other posts at the same age, percent: +20 is a fifth better.

    None when the rate is unknown, there is no post to compare with, or their mean is 0.
    """
    average, _ = average_at_age(age, peers)
    return None if rate_pct is None or not average else 100.0 * (rate_pct / average - 1.0)
