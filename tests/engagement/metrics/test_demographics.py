"""Demographics: no group points at anybody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.engagement.metrics.demographics import MIN_PEOPLE, OTHER, anonymize


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({"DE": 20, "FR": 9}, {"DE": 20, "FR": 9}),
        ({"DE": 20, "FR": 4, "IT": 3}, {"DE": 20, OTHER: 7}),
        ({"DE": 20, "FR": 9, "IT": 3}, {"DE": 20, OTHER: 12}),
        ({"DE": 20, "FR": 5}, {"DE": 20, "FR": 5}),
        ({"DE": 20, "FR": 4, "IT": 4}, {"DE": 20, OTHER: 8}),
        ({"DE": 20, "FR": 4, "IT": 1}, {"DE": 20, OTHER: 5}),
        ({"DE": 20, "FR": 0}, {"DE": 20}),
        ({"DE": 6, "FR": 1}, {OTHER: 7}),
        ({"DE": 2, "FR": 1}, {}),
        ({}, {}),
    ],
)
def test_small_groups_are_added_up(told: dict[str, int], kept: dict[str, int]) -> None:
    assert anonymize(told) == kept


@given(st.dictionaries(st.text("ABCDEF", min_size=2, max_size=2), st.integers(0, 40)))
def test_no_group_is_small_and_nobody_is_lost_unless_all_are_few(told: dict[str, int]) -> None:
    kept = anonymize(told)
    assert all(people >= MIN_PEOPLE for people in kept.values())
    total = sum(told.values())
    assert sum(kept.values()) == (total if total >= MIN_PEOPLE else 0)


@given(st.dictionaries(st.text("ABCDEF", min_size=2, max_size=2), st.integers(1, 40), min_size=2))
def test_the_total_does_not_reveal_the_size_of_a_small_group(told: dict[str, int]) -> None:
    hidden = [people for name, people in told.items() if name not in anonymize(told)]
    assert len(hidden) != 1 or sum(told.values()) == hidden[0]
