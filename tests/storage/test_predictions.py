"""Predictions and their outcomes: one row for a context and a version, never one made after the outcome."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundswell_storage.database import Database
from groundswell_storage.engagement.contexts import ContextRow
from groundswell_storage.engagement.posts import PostRow
from groundswell_storage.engagement.snapshots import MetricSnapshotRow
from groundswell_storage.learning import predictions
from groundswell_storage.learning.predictions import JudgedPrediction, ServedPrediction
from groundswell_storage.scope import Scope
from tests.learning.model_rows import a_version
from tests.learning.past_posts import FIRST, add_persona, add_posts

WEEK = timedelta(days=7)
BEFORE = FIRST - timedelta(hours=1)
"""A time before the post was published."""


@pytest.fixture
def model_id(scope: Scope) -> str:
    return a_version(scope, "run-1").id


@pytest.fixture
def context_id(scope: Scope) -> str:
    """Adds a post published at `FIRST` and measured after 1, 7 and 20 days; returns its context."""
    add_posts(scope, add_persona(scope), 1)
    context: ContextRow = scope.select(ContextRow).get()
    return context.id


def said(model_id: str, context_id: str, value: float = 4.0, **changes: object) -> ServedPrediction:
    known = ServedPrediction(model_id, context_id, 1, {"values": [1.0, None], "category": "x"}, value, 1.0, 9.0, BEFORE)
    return known._replace(**changes)  # type: ignore[arg-type]


def all_of(scope: Scope, model_id: str) -> list[JudgedPrediction]:
    span = {"since": FIRST - timedelta(days=30), "until": FIRST + timedelta(days=30)}
    return predictions.judged(scope, model_id, target_age=WEEK, **span)


def test_a_prediction_has_the_rate_at_the_target_age_as_its_outcome(
    scope: Scope, model_id: str, context_id: str
) -> None:
    predictions.store(scope, [said(model_id, context_id)])
    (found,) = all_of(scope, model_id)
    at_age = scope.select(MetricSnapshotRow).where(MetricSnapshotRow.fetch_time == FIRST + WEEK).get()
    assert (found.value, found.lower, found.upper, found.served) == (4.0, 1.0, 9.0, BEFORE)
    assert (found.outcome_rate_pct, found.known) == (at_age.outcome_rate_pct, FIRST + WEEK)
    assert found.features == {"values": [1.0, None], "category": "x"}


def test_the_last_prediction_for_a_context_and_a_version_counts(scope: Scope, model_id: str, context_id: str) -> None:
    predictions.store(scope, [said(model_id, context_id, 4.0)])
    predictions.store(scope, [said(model_id, context_id, 5.0, served=BEFORE + timedelta(minutes=1))])
    predictions.store(scope, [said(model_id, context_id, 6.0, served=BEFORE - timedelta(minutes=1))])
    assert [one.value for one in all_of(scope, model_id)] == [5.0]


def test_a_prediction_after_the_first_measurement_is_not_stored(scope: Scope, model_id: str, context_id: str) -> None:
    predictions.store(scope, [said(model_id, context_id, 4.0)])
    predictions.store(scope, [said(model_id, context_id, 9.0, served=FIRST + timedelta(days=2))])
    assert [one.value for one in all_of(scope, model_id)] == [4.0]


def test_versions_have_predictions_of_their_own(scope: Scope, model_id: str, context_id: str) -> None:
    other = a_version(scope, "run-2").id
    predictions.store(scope, [said(model_id, context_id, 4.0), said(other, context_id, 5.0)])
    assert [[one.value for one in all_of(scope, id)] for id in (model_id, other)] == [[4.0], [5.0]]


def test_a_prediction_of_a_version_that_is_gone_is_not_kept(scope: Scope, context_id: str) -> None:
    predictions.store(scope, [said("gone", context_id)])
    assert all_of(scope, "gone") == []


def test_a_context_without_a_post_has_no_outcome_yet(scope: Scope, model_id: str) -> None:
    predictions.store(scope, [said(model_id, "not-posted-yet")])
    assert [one.outcome_rate_pct for one in all_of(scope, model_id)] == [None]
    assert predictions.newest_outcomes(scope, model_id, target_age=WEEK, limit=10) == []


def test_a_post_on_another_platform_is_no_outcome(scope: Scope, model_id: str, context_id: str) -> None:
    predictions.store(scope, [said(model_id, context_id, platform=3)])
    assert [one.outcome_rate_pct for one in all_of(scope, model_id)] == [None]


def test_outcomes_come_in_the_order_in_which_they_became_known(scope: Scope, model_id: str) -> None:
    add_posts(scope, add_persona(scope), 4)
    posts = list(scope.select(PostRow).order_by(PostRow.publish_time))
    # Served in another order than that of their posts.
    for minutes, place in enumerate((2, 0, 3, 1)):
        served = BEFORE - timedelta(days=1) + timedelta(minutes=minutes)
        predictions.store(scope, [said(model_id, posts[place].context_id, float(place), served=served)])
    found = predictions.newest_outcomes(scope, model_id, target_age=WEEK, limit=3)
    assert [one.value for one in found] == [1.0, 2.0, 3.0]


def test_another_workspace_sees_nothing(database: Database) -> None:
    with database.scope("ours") as scope:
        model_id = a_version(scope, "run-1").id
        predictions.store(scope, [said(model_id, "context")])
    with database.scope("theirs") as scope:
        assert all_of(scope, model_id) == []
        predictions.store(scope, [said(model_id, "context", 9.0)])
    with database.scope("ours") as scope:
        assert [one.value for one in all_of(scope, model_id)] == [4.0]


def test_old_predictions_are_purged(database: Database) -> None:
    with database.scope("default") as scope:
        model_id = a_version(scope, "run-1").id
        late = said(model_id, "late", served=BEFORE + timedelta(days=2))
        predictions.store(scope, [said(model_id, "early"), late])
        assert predictions.purge(database, BEFORE + timedelta(days=1)) == 1
        assert [one.served for one in all_of(scope, model_id)] == [late.served]
