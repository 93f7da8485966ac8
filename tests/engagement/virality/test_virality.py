"""The threshold and the projection, beside NumPy and in simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator
from numpy.typing import NDArray

from groundswell_server.engagement.virality.projection import LEVEL, project
from groundswell_server.engagement.virality.threshold import quantile, threshold_of

Draw = Callable[[Generator, int], NDArray[np.float64]]

GROWTHS: dict[str, Draw] = {
    "log-normal": lambda chance, count: np.exp(0.8 + 0.5 * chance.normal(size=count)),
    "heavy-tailed": lambda chance, count: 1.0 + chance.pareto(1.5, size=count),
    "two kinds of posts": lambda chance, count: np.where(chance.random(count) < 0.3, 6.0, 1.5) + chance.random(count),
}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_are_numpys(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-9)


def test_fewer_than_twenty_posts_have_no_threshold() -> None:
    assert threshold_of([1.0] * 19) is None
    assert threshold_of([1.0] * 20) == 1.0
    assert threshold_of(list(range(101))) == pytest.approx(95.0)


@pytest.mark.parametrize("count", [19, 20, 60, 200])
@pytest.mark.parametrize("kind", GROWTHS)
def test_the_interval_holds_what_came_as_often_as_it_says(kind: str, count: int) -> None:
    """Whatever the distribution of growths."""
    chance = np.random.default_rng(count)
    held, level = 0, 0.0
    for _ in range(1500):
        *past, coming = GROWTHS[kind](chance, count + 1).tolist()
        found = project(1000.0, past)
        assert found is not None
        assert found.interval is not None
        level = found.interval.level
        held += found.interval.lower <= 1000.0 * coming <= found.interval.upper
    assert level >= LEVEL - 1e-9
    assert held / 1500 == pytest.approx(level, abs=0.025)


def test_the_projection_is_the_median_growth() -> None:
    found = project(1000.0, [2.0, 1.5, 9.0])
    assert found is not None
    assert (found.value, found.interval, found.sample_size) == (2000.0, None, 3)


def test_the_outermost_of_nineteen_growths_are_the_bounds() -> None:
    found = project(100.0, [1.0 + number / 10 for number in range(19)])
    assert found is not None
    assert found.interval is not None
    assert (found.interval.lower, found.interval.upper) == pytest.approx((100.0, 280.0))
    assert found.interval.level == pytest.approx(0.9)


def test_without_a_past_there_is_no_projection() -> None:
    assert project(1000.0, []) is None
