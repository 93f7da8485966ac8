"""Training schedules: the decisions of a check, and its record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.jobs import retrain_when_due
from groundswell_server.models import registry
from groundswell_server.models.monitoring.retraining_decision import Decision, decide
from groundswell_server.settings import load
from groundswell_storage.database import Database
from groundswell_storage.errors import NotFound
from groundswell_storage.jobs import operations
from groundswell_storage.learning import drift_reports, training_examples, training_schedules
from groundswell_storage.learning.model_versions import ModelRow
from groundswell_storage.learning.training_examples import StoredExample
from groundswell_storage.learning.training_schedules import Plan, TrainingSchedule
from groundswell_storage.scope import Scope
from tests.learning.model_rows import a_version
from tests.learning.monitoring.service_rows import TARGET_AGE, a_watched_version, serve, usual
from tests.learning.past_posts import FIRST, add_persona, add_posts

PLAN = Plan("ENGAGEMENT_PREDICTOR", 7, 60, 0.15, 3650, force=False)


def scheduled(scope: Scope, **changes: object) -> TrainingSchedule:
    return training_schedules.put(scope, replace(PLAN, **changes), scope.now)  # type: ignore[arg-type]


def decision(scope: Scope, **changes: object) -> Decision:
    return decide(scope, scheduled(scope, **changes), target_age=TARGET_AGE, minimum_samples=50)


def live_version(scope: Scope, residuals: list[float]) -> str:
    """A version that learnt from posts before all that it predicted."""
    version = registry.promote(scope, a_watched_version(scope).id).live
    scope.update(ModelRow, data_end=FIRST - timedelta(days=1)).where(ModelRow.id == version.id).execute()
    serve(scope, version, residuals)
    return version.id


def test_drift_makes_a_type_learn_anew(scope: Scope) -> None:
    live_version(scope, [2.0 + residual for residual in usual(60)])
    found = decision(scope)
    assert found.retrain
    assert found.why.startswith("Drift: drift score ")
    assert drift_reports.list_reports(scope).items[0].id == found.report_id


def test_without_drift_nothing_is_learnt(scope: Scope) -> None:
    live_version(scope, usual(60))
    found = decision(scope)
    assert not found.retrain
    assert found.why.startswith("No drift to act on: ")


def test_drift_below_the_threshold_of_the_schedule_is_not_acted_on(scope: Scope) -> None:
    live_version(scope, [0.6 + residual for residual in usual(100)])
    report = drift_reports.list_reports
    assert decision(scope, drift_threshold=0.15).retrain
    assert report(scope).items[0].finding.drift_score < 1.0
    assert not decision(scope, drift_threshold=1.0).retrain


def test_too_few_new_samples_are_waited_for(scope: Scope) -> None:
    live_version(scope, [2.0 + residual for residual in usual(60)])
    assert decision(scope, minimum_new_samples=61).why == "60 new samples, 61 are needed."


def test_force_needs_no_drift_but_new_samples(scope: Scope) -> None:
    live_version(scope, usual(60))
    assert decision(scope, force=True).retrain
    assert not decision(scope, force=True, minimum_new_samples=61).retrain


def test_drift_that_can_not_be_told_is_no_drift(scope: Scope) -> None:
    live_version(scope, usual(40))
    add_posts(scope, add_persona(scope), 30)
    found = decision(scope)
    assert not found.retrain
    assert "needs 50 predictions with a known outcome" in found.why


@pytest.mark.parametrize(("posts", "retrain"), [(49, False), (50, True)])
def test_without_a_live_version_enough_samples_suffice(scope: Scope, posts: int, retrain: bool) -> None:
    add_posts(scope, add_persona(scope), posts)
    assert decision(scope).retrain == retrain


def label(scope: Scope, count: int) -> None:
    examples = (StoredExample(scope.new_id(), "spam", f"group-{number % 9}", text="x") for number in range(count))
    training_examples.add(scope, "SPAM_DETECTOR", examples)


def test_types_that_learn_from_labels_count_those_that_are_new(database: Database) -> None:
    with database.scope("default") as scope:
        label(scope, 49)
        assert decision(scope, model_type="SPAM_DETECTOR", lookback_days=0).why == "49 new samples, 50 are needed."
        label(scope, 1)
        assert decision(scope, model_type="SPAM_DETECTOR", lookback_days=0).retrain
    with database.scope("default") as scope:
        registry.promote(scope, a_version(scope, "run-1", model_type="SPAM_DETECTOR").id)
    with database.scope("default") as scope:
        label(scope, 60)
        found = decision(scope, model_type="SPAM_DETECTOR", lookback_days=0, minimum_new_samples=61)
        assert found.why == "60 new samples, 61 are needed."
        assert decision(scope, model_type="SPAM_DETECTOR", lookback_days=0, force=True).retrain


def test_one_training_is_started_at_a_time(scope: Scope) -> None:
    add_posts(scope, add_persona(scope), 50)
    schedule = scheduled(scope)
    started = operations.create(scope, "learning.train_model", b"")
    training_schedules.note(
        scope, PLAN.model_type, next_check_time=scope.now, decision="", report_id="", operation_id=started.id
    )
    schedule = training_schedules.get(scope, PLAN.model_type)
    assert "still running" in decide(scope, schedule, target_age=TARGET_AGE, minimum_samples=50).why
    operations.request_cancel(scope, started.id)
    assert decide(scope, schedule, target_age=TARGET_AGE, minimum_samples=50).retrain


def test_a_check_that_is_due_starts_a_training_and_says_so(database: Database) -> None:
    with database.scope("ours") as scope:
        live_version(scope, [2.0 + residual for residual in usual(60)])
        scheduled(scope)
    retrain_when_due(database, load())
    retrain_when_due(database, load())
    with database.scope("ours") as scope:
        schedule = training_schedules.get(scope, PLAN.model_type)
        (started,) = operations.list_operations(scope).items
        request = pb.TrainModelRequest.FromString(started.request)
        assert (started.id, started.kind) == (schedule.operation_id, "learning.train_model")
        assert (request.model_type, request.promotion) == (pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR, pb.PROMOTION_IF_BETTER)
        assert (request.lookback_days, request.HasField("as_of_time")) == (3650, True)
        assert schedule.last_check_time is not None
        assert schedule.next_check_time - schedule.last_check_time == timedelta(days=7)
        assert schedule.last_decision.startswith("Drift: ")
        assert schedule.report_id


def test_a_check_that_finds_nothing_says_so_too(database: Database) -> None:
    with database.scope("ours") as scope:
        scheduled(scope)
    retrain_when_due(database, load())
    with database.scope("ours") as scope:
        assert training_schedules.get(scope, PLAN.model_type).last_decision == "0 new samples, 50 are needed."
        assert operations.list_operations(scope).items == []


def test_a_schedule_that_is_not_due_or_cancelled_is_not_checked(database: Database) -> None:
    with database.scope("ours") as scope:
        add_posts(scope, add_persona(scope), 50)
        training_schedules.put(scope, PLAN, scope.now + timedelta(days=1))
    with database.scope("theirs") as scope:
        scheduled(scope)
        training_schedules.remove(scope, PLAN.model_type)
    retrain_when_due(database, load())
    with database.scope("ours") as scope:
        assert training_schedules.get(scope, PLAN.model_type).last_check_time is None
    with database.scope("theirs") as scope, pytest.raises(NotFound):
        training_schedules.get(scope, PLAN.model_type)
