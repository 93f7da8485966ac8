"""Versions of models in the database: numbers, artifacts, stages, history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from peewee import IntegrityError

from groundswell_storage.database import Database
from groundswell_storage.errors import InvalidArgument, NotFound
from groundswell_storage.learning import model_versions
from groundswell_storage.scope import Scope
from tests.learning.model_rows import RESULT, a_version, live_ids


def test_a_version_comes_back_as_it_was_kept(scope: Scope) -> None:
    kept = a_version(scope, "run-1")
    found = model_versions.get_version(scope, kept.id)
    assert found == kept
    assert (found.version, found.stage, found.promote_time) == (1, "CANDIDATE", None)
    assert found.result.data_end == RESULT.data_end
    assert found.result.baselines == RESULT.baselines
    assert list(found.result.importance) == list(RESULT.importance)


def test_versions_are_numbered_within_their_type(scope: Scope) -> None:
    numbers = [
        a_version(scope, "run-1").version,
        a_version(scope, "run-2").version,
        a_version(scope, "run-3", model_type="SUCCESS_CLASSIFIER").version,
    ]
    assert numbers == [1, 2, 1]


def test_a_number_is_never_given_twice(scope: Scope) -> None:
    first = a_version(scope, "run-1")
    model_versions.delete_version(scope, first.id)
    assert a_version(scope, "run-2").version == 2


def test_artifacts_come_back_byte_for_byte(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    artifacts = model_versions.read_artifacts(scope, version.id)
    assert artifacts["onnx"].content == b"trees of run-1"
    assert artifacts["onnx"].digest == version.artifact_digest
    assert version.artifact_bytes == sum(len(artifact.content) for artifact in artifacts.values())


def test_a_deleted_version_leaves_nothing(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    model_versions.delete_version(scope, version.id)
    assert model_versions.read_artifacts(scope, version.id) == {}
    assert model_versions.stage_history(scope, "ENGAGEMENT_PREDICTOR") == []
    with pytest.raises(NotFound) as refused:
        model_versions.get_version(scope, version.id)
    assert refused.value.reason == "MODEL_NOT_FOUND"


def test_a_run_makes_one_version(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    assert model_versions.version_of_operation(scope, "run-1") == version
    assert model_versions.version_of_operation(scope, "run-2") is None
    with pytest.raises(IntegrityError), scope.savepoint():
        a_version(scope, "run-1")


def test_a_live_version_is_found_by_its_type(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    assert model_versions.live_version(scope, "ENGAGEMENT_PREDICTOR") is None
    live = model_versions.set_stage(scope, version, "LIVE")
    assert live.promote_time == scope.now
    assert model_versions.live_version(scope, "ENGAGEMENT_PREDICTOR") == live
    assert model_versions.live_version(scope, "SUCCESS_CLASSIFIER") is None
    assert live_ids(scope) == [version.id]


def test_two_versions_of_a_type_are_never_live_at_once(scope: Scope) -> None:
    first, second = a_version(scope, "run-1"), a_version(scope, "run-2")
    model_versions.set_stage(scope, first, "LIVE")
    with pytest.raises(IntegrityError), scope.savepoint():
        model_versions.set_stage(scope, second, "LIVE")


def test_the_history_tells_what_was_live_when(scope: Scope) -> None:
    first = a_version(scope, "run-1")
    model_versions.set_stage(scope, first, "LIVE")
    model_versions.set_stage(scope, first, "RETIRED")
    stages = [(change.model_id, change.stage) for change in model_versions.stage_history(scope, "ENGAGEMENT_PREDICTOR")]
    assert stages == [(first.id, "RETIRED"), (first.id, "LIVE"), (first.id, "CANDIDATE")]


def test_the_history_can_be_asked_for_its_newer_part(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    scope.now += timedelta(days=100)
    model_versions.set_stage(scope, version, "LIVE")
    newer = model_versions.stage_history(scope, "ENGAGEMENT_PREDICTOR", since=scope.now - timedelta(days=90))
    assert [change.stage for change in newer] == ["LIVE"]


def test_versions_are_listed_newest_first_page_by_page(scope: Scope) -> None:
    made = []
    for run in range(5):
        scope.now = datetime(2026, 4, 1 + run, tzinfo=UTC)
        made.append(a_version(scope, f"run-{run}").id)
    listed: list[str] = []
    token = ""
    while True:
        page = model_versions.list_versions(scope, page_size=2, page_token=token)
        listed += [version.id for version in page.items]
        if not (token := page.next_page_token):
            break
    assert listed == made[::-1]


def test_a_list_can_be_narrowed_to_a_type_and_a_stage(scope: Scope) -> None:
    predictor = a_version(scope, "run-1")
    classifier = a_version(scope, "run-2", model_type="SUCCESS_CLASSIFIER")
    model_versions.set_stage(scope, predictor, "LIVE")
    by_type = model_versions.list_versions(scope, model_type="SUCCESS_CLASSIFIER")
    by_stage = model_versions.list_versions(scope, stage="LIVE")
    assert [version.id for version in by_type.items] == [classifier.id]
    assert [version.id for version in by_stage.items] == [predictor.id]


def test_a_page_token_of_another_list_is_refused(scope: Scope) -> None:
    a_version(scope, "run-1")
    a_version(scope, "run-2")
    token = model_versions.list_versions(scope, page_size=1).next_page_token
    with pytest.raises(InvalidArgument) as refused:
        model_versions.list_versions(scope, stage="LIVE", page_token=token)
    assert refused.value.reason == "PAGE_TOKEN_INVALID"


def test_another_workspace_sees_none_of_it(database: Database) -> None:
    with database.scope("ours") as scope:
        version = a_version(scope, "run-1")
        model_versions.set_stage(scope, version, "LIVE")
    with database.scope("theirs") as scope:
        assert model_versions.find_version(scope, version.id) is None
        assert live_ids(scope) == []
        assert model_versions.read_artifacts(scope, version.id) == {}
        assert model_versions.list_versions(scope).items == []
        assert model_versions.version_of_operation(scope, "run-1") is None
        assert a_version(scope, "run-1").version == 1


def test_what_a_run_says_is_kept_as_json(scope: Scope) -> None:
    version = model_versions.get_version(scope, a_version(scope, "run-1").id)
    assert replace(version.result, features=RESULT.features, importance=RESULT.importance, notes=RESULT.notes) == RESULT
