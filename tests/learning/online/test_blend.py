"""The weight of the online model: 0 without evidence, growing with it, and 0 again beside another version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groundswell_server.learning.online.learner import NEW
from groundswell_server.models.online.blend import compared_with, statistics, weight, with_outcome

PROVEN = replace(NEW, model_id="v1", pair_count=200, paired_error=1.0, batch_error=2.0, blended_error=1.5)


def test_the_weight_by_hand() -> None:
    assert weight(PROVEN) == pytest.approx(200 / 400 * 4.0 / 5.0)
    assert weight(replace(PROVEN, pair_count=20)) == pytest.approx(20 / 220 * 4.0 / 5.0)


@pytest.mark.parametrize(
    "changes",
    [{"pair_count": 19}, {"blended_error": 2.0}, {"batch_error": None, "blended_error": None}, {"batch_error": 0.0}],
    ids=str,
)
def test_without_proof_the_twin_has_no_part(changes: dict[str, float | None]) -> None:
    assert weight(replace(PROVEN, **changes)) == 0.0  # type: ignore[arg-type]


def test_errors_are_means_at_first_and_then_follow() -> None:
    model = compared_with(NEW, "v1")
    for outcome in (1.0, 3.0):
        model = with_outcome(model, outcome, predicted=0.0, batch_predicted=2.0)
    assert (model.learned_count, model.pair_count) == (2, 2)
    assert (model.error, model.paired_error, model.batch_error) == (2.0, 2.0, 1.0)
    steady = replace(model, pair_count=5_000, batch_error=1.0)
    assert with_outcome(steady, 4.0, 0.0, batch_predicted=2.0).batch_error == pytest.approx(1.0 + 1.0 / 100)


def test_the_blend_is_judged_by_the_weight_that_was_earned_before() -> None:
    model = with_outcome(PROVEN, outcome=4.0, predicted=5.0, batch_predicted=2.0)
    blended = 2.0 + 0.4 * (5.0 - 2.0)
    assert model.blended_error == pytest.approx(1.5 + (abs(blended - 4.0) - 1.5) / 100)


def test_what_the_batch_model_knew_counts_for_the_twin_alone() -> None:
    model = with_outcome(PROVEN, outcome=4.0, predicted=5.0, batch_predicted=None)
    assert (model.learned_count, model.pair_count) == (1, 200)


def test_beside_another_version_it_has_to_prove_itself_anew() -> None:
    assert compared_with(PROVEN, "v1") is PROVEN
    anew = compared_with(PROVEN, "v2")
    assert (anew.pair_count, weight(anew), anew.model_id) == (0, 0.0, "v2")


def test_what_is_told_leaves_out_what_was_learnt() -> None:
    assert set(statistics(PROVEN)) == {
        *("learned_count", "error", "model_id", "pair_count", "paired_error", "batch_error", "blended_error", "weight"),
        "alpha",
    }
