"""The split of a stage: a unit that is on stays on, and equal shares of both variants are compared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundswell_server.experiments.rollouts.stage_split import draw

UNITS = [f"unit-{number}" for number in range(10_000)]


@settings(deadline=None)
@given(st.text(max_size=20), st.text(min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_unit_that_is_on_stays_on_at_a_larger_share(key: str, unit: str, share: float, other: float) -> None:
    fewer, more = sorted((share, other))
    assert draw(key, unit, more).is_on or not draw(key, unit, fewer).is_on


@pytest.mark.parametrize("share", [0.01, 0.05, 0.25, 0.5, 0.8, 1.0])
def test_as_many_old_as_new_are_compared(share: float) -> None:
    draws = [draw("model-7", unit, share) for unit in UNITS]
    assert sum(one.is_on for one in draws) / len(UNITS) == pytest.approx(share, abs=0.015)
    new = sum(one.is_on for one in draws if one.is_compared) / len(UNITS)
    old = sum(not one.is_on for one in draws if one.is_compared) / len(UNITS)
    expected = min(share, 1.0 - share)
    assert (new, old) == pytest.approx((expected, expected), abs=0.015)


def test_inclusion_does_not_depend_on_the_variant() -> None:
    """Half of the units that each stage includes have the new variant."""
    seen: set[str] = set()
    for share in (0.05, 0.1, 0.25, 0.5):
        joined = [unit for unit in UNITS if unit not in seen and draw("model-7", unit, share).is_compared]
        seen.update(joined)
        on = sum(draw("model-7", unit, share).is_on for unit in joined)
        assert on / len(joined) == pytest.approx(0.5, abs=0.06)


def test_rollouts_are_independent() -> None:
    both = sum(draw("one", unit, 0.25).is_on and draw("two", unit, 0.25).is_on for unit in UNITS)
    assert both / len(UNITS) == pytest.approx(0.0625, abs=0.01)
