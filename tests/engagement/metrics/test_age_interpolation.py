from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.metrics.age_interpolation import (
    AgePoint,
    average_at_age,
    value_at_age,
    versus_average_pct,
)

DAY = timedelta(days=1)


def points(*found: tuple[float, float]) -> list[AgePoint]:
    return [AgePoint(days * DAY, rate) for days, rate in found]


def test_between_snapshots_the_rate_is_interpolated() -> None:
    assert value_at_age(points((1, 2.0), (3, 4.0)), 2 * DAY) == 3.0


def test_beyond_the_last_snapshot_the_rate_is_unknown() -> None:
    assert value_at_age(points((1, 2.0), (3, 4.0)), 7 * DAY) is None
    assert value_at_age([], DAY) is None


def test_a_snapshot_of_nearly_the_age_will_do() -> None:
    assert value_at_age(points((6.5, 4.0)), 7 * DAY) == 4.0


def test_posts_are_compared_at_equal_age() -> None:
    peers = [points((1, 2.0), (7, 8.0)), points((1, 4.0), (7, 9.0))]

    assert versus_average_pct(6.0, DAY, peers) == pytest.approx(100.0)


def test_posts_too_young_to_compare_are_left_out() -> None:
    assert average_at_age(7 * DAY, [points((1, 50.0)), points((7, 4.0))]) == (4.0, 1)


@pytest.mark.parametrize(("rate", "peers"), [(None, [points((1, 2.0))]), (3.0, []), (3.0, [points((1, 0.0))])])
def test_without_anything_to_compare_there_is_no_comparison(rate: float | None, peers: list[list[AgePoint]]) -> None:
    assert versus_average_pct(rate, DAY, peers) is None


@given(st.lists(st.tuples(st.floats(0.1, 30), st.floats(0, 100)), min_size=1, max_size=8), st.floats(0.1, 30))
def test_an_interpolated_rate_lies_between_those_that_were_seen(found: list[tuple[float, float]], age: float) -> None:
    rate = value_at_age(points(*found), age * DAY)

    rates = [rate for _, rate in found]
    assert rate is None or min(rates) - 1e-9 <= rate <= max(rates) + 1e-9
