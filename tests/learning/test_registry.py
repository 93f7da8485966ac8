"""Promotion, roll back and deletion, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from groundswell_server.models import registry
from groundswell_storage.database import Database
from groundswell_storage.errors import DataLoss, FailedPrecondition, InvalidArgument, NotFound
from groundswell_storage.events import events
from groundswell_storage.learning import model_versions
from groundswell_storage.scope import Scope
from tests.learning.model_rows import a_version, live_ids


def test_a_promoted_version_is_live(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    promotion = registry.promote(scope, version.id)
    assert (promotion.live.id, promotion.live.stage, promotion.retired) == (version.id, "LIVE", None)


def test_promotion_retires_what_was_live(scope: Scope) -> None:
    first, second = a_version(scope, "run-1"), a_version(scope, "run-2")
    registry.promote(scope, first.id)
    promotion = registry.promote(scope, second.id)
    assert promotion.retired is not None
    assert (promotion.retired.id, promotion.retired.stage) == (first.id, "RETIRED")


def test_types_are_live_beside_each_other(scope: Scope) -> None:
    first = a_version(scope, "run-1")
    second = a_version(scope, "run-2", model_type="SUCCESS_CLASSIFIER")
    registry.promote(scope, first.id)
    assert registry.promote(scope, second.id).retired is None
    assert live_ids(scope) == [first.id, second.id]


def test_promoting_what_is_live_changes_nothing(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    first = registry.promote(scope, version.id)
    assert registry.promote(scope, version.id) == first


def test_a_version_that_does_not_beat_the_baselines_is_refused_with_the_figures(scope: Scope) -> None:
    version = a_version(scope, "run-1", beats_baselines=False)
    with pytest.raises(FailedPrecondition) as refused:
        registry.promote(scope, version.id)
    assert refused.value.reason == "MODEL_NOT_BETTER"
    assert refused.value.metadata == {"metric": "mae", "model": "1", "trailing_mean": "1.4", "last_value": "1.9"}


def test_it_can_be_forced(scope: Scope) -> None:
    version = a_version(scope, "run-1", beats_baselines=False)
    assert registry.promote(scope, version.id, force=True).live.stage == "LIVE"


def test_an_export_that_deviates_cannot_be_forced(scope: Scope) -> None:
    version = a_version(scope, "run-1", export_deviation=0.1)
    with pytest.raises(FailedPrecondition) as refused:
        registry.promote(scope, version.id, force=True)
    assert refused.value.reason == "MODEL_NOT_BETTER"


@pytest.mark.parametrize("damage", [b"other bytes", None])
def test_a_damaged_artifact_is_refused_and_the_live_version_stays(scope: Scope, damage: bytes | None) -> None:
    first, second = a_version(scope, "run-1"), a_version(scope, "run-2")
    registry.promote(scope, first.id)
    row = model_versions.ModelArtifactRow
    of_second = (row.model_id == second.id) & (row.name == "onnx")
    if damage is None:
        scope.delete(row).where(of_second).execute()
    else:
        scope.update(row, content=damage).where(of_second).execute()
    with pytest.raises(DataLoss) as refused:
        registry.promote(scope, second.id)
    assert refused.value.reason == "ARTIFACT_DAMAGED"
    assert refused.value.metadata == {"model_id": second.id}
    assert live_ids(scope) == [first.id]


def test_the_way_back_leads_to_the_version_that_was_live_before(scope: Scope) -> None:
    versions = [a_version(scope, f"run-{run}") for run in range(3)]
    for version in versions:
        registry.promote(scope, version.id)
    promotion = registry.roll_back(scope, "ENGAGEMENT_PREDICTOR")
    assert promotion.live.id == versions[1].id
    assert promotion.retired is not None
    assert promotion.retired.id == versions[2].id


def test_the_way_back_leads_to_a_named_version(scope: Scope) -> None:
    versions = [a_version(scope, f"run-{run}") for run in range(3)]
    for version in versions:
        registry.promote(scope, version.id)
    assert registry.roll_back(scope, "ENGAGEMENT_PREDICTOR", versions[0].id).live.id == versions[0].id


def test_without_an_earlier_version_there_is_no_way_back(scope: Scope) -> None:
    registry.promote(scope, a_version(scope, "run-1").id)
    with pytest.raises(FailedPrecondition) as refused:
        registry.roll_back(scope, "ENGAGEMENT_PREDICTOR")
    assert refused.value.reason == "NO_EARLIER_MODEL"
    assert refused.value.metadata == {"model_type": "ENGAGEMENT_PREDICTOR"}


def test_there_is_no_way_back_to_what_was_never_live(scope: Scope) -> None:
    candidate = a_version(scope, "run-1")
    registry.promote(scope, a_version(scope, "run-2").id)
    with pytest.raises(FailedPrecondition) as refused:
        registry.roll_back(scope, "ENGAGEMENT_PREDICTOR", candidate.id)
    assert refused.value.reason == "NO_EARLIER_MODEL"


def test_the_way_back_closes_after_90_days(scope: Scope) -> None:
    first, second = a_version(scope, "run-1"), a_version(scope, "run-2")
    registry.promote(scope, first.id)
    registry.promote(scope, second.id)
    scope.now += timedelta(days=89)
    assert registry.rollback_target(scope, "ENGAGEMENT_PREDICTOR").id == first.id
    scope.now += timedelta(days=2)
    with pytest.raises(FailedPrecondition) as refused:
        registry.roll_back(scope, "ENGAGEMENT_PREDICTOR")
    assert refused.value.reason == "NO_EARLIER_MODEL"


def test_a_named_version_has_to_be_of_the_type(scope: Scope) -> None:
    other = a_version(scope, "run-1", model_type="SUCCESS_CLASSIFIER")
    with pytest.raises(InvalidArgument) as refused:
        registry.roll_back(scope, "ENGAGEMENT_PREDICTOR", other.id)
    assert [violation.field for violation in refused.value.fields] == ["model_id"]


def test_a_live_version_is_not_deleted(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    registry.promote(scope, version.id)
    with pytest.raises(FailedPrecondition) as refused:
        registry.delete(scope, version.id)
    assert (refused.value.reason, refused.value.metadata) == ("MODEL_IS_LIVE", {"model_id": version.id})


def test_a_deleted_version_is_gone(scope: Scope) -> None:
    version = a_version(scope, "run-1")
    registry.delete(scope, version.id)
    with pytest.raises(NotFound):
        registry.promote(scope, version.id)


def test_a_deleted_version_is_no_way_back(scope: Scope) -> None:
    first, second = a_version(scope, "run-1"), a_version(scope, "run-2")
    registry.promote(scope, first.id)
    registry.promote(scope, second.id)
    registry.delete(scope, first.id)
    with pytest.raises(FailedPrecondition):
        registry.roll_back(scope, "ENGAGEMENT_PREDICTOR")


def test_every_change_of_what_is_live_is_told(database: Database) -> None:
    with database.scope("default") as scope:
        version = a_version(scope, "run-1")
        registry.promote(scope, version.id)
    told = events.read_after(database, events.START, topics=["model.changed"])
    assert [(event.subject_id, event.payload["model_type"]) for event in told] == [(version.id, "ENGAGEMENT_PREDICTOR")]


def test_another_workspace_cannot_promote_roll_back_or_delete(database: Database) -> None:
    with database.scope("ours") as scope:
        version = a_version(scope, "run-1")
    with database.scope("theirs") as scope:
        for attempt in (
            lambda: registry.promote(scope, version.id),
            lambda: registry.roll_back(scope, "ENGAGEMENT_PREDICTOR", version.id),
            lambda: registry.delete(scope, version.id),
        ):
            with pytest.raises(NotFound):
                attempt()
