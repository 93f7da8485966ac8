"""Training schedules: one for a model type, due for one worker at a time, across workspaces."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundswell_storage.database import Database
from groundswell_storage.errors import NotFound
from groundswell_storage.learning import training_schedules
from groundswell_storage.learning.training_schedules import Plan
from groundswell_storage.scope import Scope

WEEKLY = Plan("ENGAGEMENT_PREDICTOR", 7, 100, 0.15, 90, force=False)
HOUR = timedelta(hours=1)


def test_a_plan_is_kept_as_it_was_made(scope: Scope) -> None:
    schedule = training_schedules.put(scope, WEEKLY, scope.now)
    assert (schedule.plan, schedule.next_check_time, schedule.last_check_time) == (WEEKLY, scope.now, None)
    assert training_schedules.get(scope, WEEKLY.model_type) == schedule


def test_a_new_plan_takes_the_place_of_the_old_one_and_keeps_its_history(scope: Scope) -> None:
    training_schedules.put(scope, WEEKLY, scope.now)
    told = {"decision": "No drift.", "report_id": "report", "operation_id": "operation"}
    training_schedules.note(scope, WEEKLY.model_type, next_check_time=scope.now + HOUR, **told)
    daily = Plan("ENGAGEMENT_PREDICTOR", 1, 50, 0.2, 30, force=True)
    schedule = training_schedules.put(scope, daily, scope.now + 2 * HOUR)
    assert (schedule.plan, schedule.next_check_time) == (daily, scope.now + 2 * HOUR)
    assert (schedule.last_check_time, schedule.last_decision) == (scope.now, "No drift.")


def test_types_have_schedules_of_their_own(scope: Scope) -> None:
    training_schedules.put(scope, WEEKLY, scope.now)
    with pytest.raises(NotFound) as refused:
        training_schedules.remove(scope, "SUCCESS_CLASSIFIER")
    assert refused.value.reason == "TRAINING_SCHEDULE_NOT_FOUND"
    training_schedules.remove(scope, WEEKLY.model_type)
    with pytest.raises(NotFound):
        training_schedules.get(scope, WEEKLY.model_type)


def test_due_schedules_are_found_in_all_workspaces(database: Database) -> None:
    for number, workspace in enumerate(("ours", "theirs", "later")):
        with database.scope(workspace) as scope:
            now = scope.now
            training_schedules.put(scope, WEEKLY, now + number * HOUR)
    found = training_schedules.due(database, now + HOUR)
    assert found == [("ours", WEEKLY.model_type), ("theirs", WEEKLY.model_type)]


def test_a_check_is_claimed_once_and_again_when_nothing_came_of_it(scope: Scope) -> None:
    training_schedules.put(scope, WEEKLY, scope.now)
    claims = []
    for _ in range(2):
        claims.append(training_schedules.claim(scope, WEEKLY.model_type, scope.now + HOUR))
    assert [claim is not None for claim in claims] == [True, False]
    scope.now += HOUR
    assert training_schedules.claim(scope, WEEKLY.model_type, scope.now + HOUR) is not None


def test_a_schedule_that_was_cancelled_during_its_check_stays_cancelled(scope: Scope) -> None:
    training_schedules.put(scope, WEEKLY, scope.now)
    training_schedules.remove(scope, WEEKLY.model_type)
    told = {"decision": "", "report_id": "", "operation_id": ""}
    training_schedules.note(scope, WEEKLY.model_type, next_check_time=scope.now, **told)
    with pytest.raises(NotFound):
        training_schedules.get(scope, WEEKLY.model_type)
