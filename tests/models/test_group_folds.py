"""No group is divided by a split."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from groundswell_server.models.evaluation.group_folds import group_folds, hold_out, independent

groups = st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=60).filter(lambda found: len(set(found)) > 1)


@given(groups)
def test_a_group_is_held_out_whole(groups: list[str]) -> None:
    fold = hold_out(groups, 0.3)
    past, future = ({groups[row] for row in rows} for rows in (fold.past, fold.future))
    assert past
    assert future
    assert not past & future
    assert sorted([*fold.past, *fold.future]) == list(range(len(groups)))


@given(groups, st.integers(2, 6))
def test_each_example_is_the_future_of_one_fold(groups: list[str], count: int) -> None:
    folds = group_folds(groups, count)
    assert len(folds) == min(count, len(set(groups)))
    assert sorted(np.concatenate([fold.future for fold in folds]).tolist()) == list(range(len(groups)))
    for fold in folds:
        assert not {groups[row] for row in fold.past} & {groups[row] for row in fold.future}


def test_the_share_is_met_where_groups_are_small() -> None:
    fold = hold_out([f"{number}" for number in range(100)], 0.3)
    assert len(fold.future) == 30


def test_the_smallest_is_held_out_where_all_are_larger_than_the_share() -> None:
    fold = hold_out(["a"] * 60 + ["b"] * 40, 0.3)
    assert fold.future.tolist() == list(range(60, 100))


def test_folds_are_about_even() -> None:
    folds = group_folds(["a"] * 30 + ["b"] * 30 + ["c"] * 20 + ["d"] * 10 + ["e"] * 10, 3)
    assert sorted(len(fold.future) for fold in folds) == [30, 30, 40]


def test_the_order_of_examples_decides_nothing() -> None:
    names = [f"video {number}" for number in range(40)]
    fold, turned = hold_out(names, 0.3), hold_out(names[::-1], 0.3)
    assert {names[row] for row in fold.future} == {names[::-1][row] for row in turned.future}


def test_examples_that_are_all_of_one_group_stand_for_themselves() -> None:
    assert len(set(independent(["one"] * 3, ["x", "y", "x"]))) == 2
    assert independent(["a", "b"], ["x", "x"]) == ("a", "b")
