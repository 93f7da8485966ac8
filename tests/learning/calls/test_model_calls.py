"""The model registry on the wire: list, get, promote, roll back, delete, importance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import grpc
import pytest

from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.model_versions import ModelVersion
from tests.errors import refusal
from tests.learning.calls.studio import Studio
from tests.learning.model_rows import a_version

ENGAGEMENT, SUCCESS = pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR, pb.MODEL_TYPE_SUCCESS_CLASSIFIER
NOBODY = "00000000-0000-7000-8000-000000000000"


def kept(studio: Studio, **changes: Any) -> ModelVersion:
    """A version, as a training run keeps it."""
    with studio.server.app.database.scope(studio.workspace) as scope:
        return a_version(scope, uuid4().hex, **changes)


def damage(studio: Studio, model_id: str) -> None:
    """Changes one byte of an artifact behind the registry's back."""
    with studio.server.app.database.scope(studio.workspace) as scope:
        row = model_versions.ModelArtifactRow
        scope.update(row, content=b"trees of somebody else").where(
            (row.model_id == model_id) & (row.name == "onnx")
        ).execute()


def promote(studio: Studio, model_id: str, **fields: Any) -> pb.PromoteModelResponse:
    return studio.learning.PromoteModel(pb.PromoteModelRequest(model_id=model_id, **fields))


def test_models_are_listed_newest_first_by_pages(empty: Studio) -> None:
    made = [kept(empty).id for _ in range(3)]
    first = empty.learning.ListModels(pb.ListModelsRequest(page_size=2))
    second = empty.learning.ListModels(pb.ListModelsRequest(page_size=2, page_token=first.next_page_token))
    assert [model.id for model in (*first.models, *second.models)] == made[::-1]
    assert second.next_page_token == ""


def test_models_are_listed_by_type_and_stage(empty: Studio) -> None:
    predictor, classifier = kept(empty), kept(empty, model_type="SUCCESS_CLASSIFIER")
    promote(empty, predictor.id)
    by_type = empty.learning.ListModels(pb.ListModelsRequest(model_type=SUCCESS)).models
    by_stage = empty.learning.ListModels(pb.ListModelsRequest(stage=pb.MODEL_STAGE_LIVE)).models
    assert ([model.id for model in by_type], [model.id for model in by_stage]) == ([classifier.id], [predictor.id])


def test_a_page_token_of_another_list_is_refused(empty: Studio) -> None:
    kept(empty)
    kept(empty)
    token = empty.learning.ListModels(pb.ListModelsRequest(page_size=1)).next_page_token
    with refusal() as refused:
        empty.learning.ListModels(pb.ListModelsRequest(page_token=token, model_type=SUCCESS))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


def test_promotion_makes_live_and_names_what_was(empty: Studio) -> None:
    first, second = kept(empty), kept(empty)
    assert not promote(empty, first.id).HasField("retired_model")
    response = promote(empty, second.id)
    assert (response.model.id, response.model.stage) == (second.id, pb.MODEL_STAGE_LIVE)
    assert (response.retired_model.id, response.retired_model.stage) == (first.id, pb.MODEL_STAGE_RETIRED)
    assert response.model.HasField("promote_time")


def test_a_version_that_is_not_better_is_refused_unless_forced(empty: Studio) -> None:
    version = kept(empty, beats_baselines=False)
    with refusal() as refused:
        promote(empty, version.id)
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_BETTER")
    assert set(refused.metadata) == {"metric", "model", "trailing_mean", "last_value"}
    assert promote(empty, version.id, force=True).model.stage == pb.MODEL_STAGE_LIVE


def test_a_damaged_version_is_not_promoted(empty: Studio) -> None:
    version = kept(empty)
    damage(empty, version.id)
    with refusal() as refused:
        promote(empty, version.id, force=True)
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "ARTIFACT_DAMAGED")
    assert refused.metadata == {"model_id": version.id}


def test_a_repeated_promotion_gets_the_first_answer(empty: Studio) -> None:
    first, second = kept(empty), kept(empty)
    promote(empty, first.id)
    once = promote(empty, second.id, request_id="once")
    promote(empty, first.id)
    assert promote(empty, second.id, request_id="once") == once
    live = empty.learning.ListModels(pb.ListModelsRequest(stage=pb.MODEL_STAGE_LIVE)).models
    assert [model.id for model in live] == [first.id]


def test_the_way_back_leads_to_what_was_live_before(empty: Studio) -> None:
    first, second = kept(empty), kept(empty)
    promote(empty, first.id)
    promote(empty, second.id)
    response = empty.learning.RollBackModel(pb.RollBackModelRequest(model_type=ENGAGEMENT))
    assert (response.model.id, response.retired_model.id) == (first.id, second.id)


def test_the_way_back_leads_to_a_named_version(empty: Studio) -> None:
    versions = [kept(empty) for _ in range(3)]
    for version in versions:
        promote(empty, version.id)
    request = pb.RollBackModelRequest(model_type=ENGAGEMENT, model_id=versions[0].id)
    assert empty.learning.RollBackModel(request).model.id == versions[0].id


def test_without_an_earlier_version_there_is_no_way_back(empty: Studio) -> None:
    with refusal() as refused:
        empty.learning.RollBackModel(pb.RollBackModelRequest(model_type=SUCCESS))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_EARLIER_MODEL")
    assert refused.metadata == {"model_type": "SUCCESS_CLASSIFIER"}


def test_a_damaged_version_is_no_way_back(empty: Studio) -> None:
    first, second = kept(empty), kept(empty)
    promote(empty, first.id)
    promote(empty, second.id)
    damage(empty, first.id)
    with refusal() as refused:
        empty.learning.RollBackModel(pb.RollBackModelRequest(model_type=ENGAGEMENT))
    assert (refused.code, refused.reason) == (grpc.StatusCode.DATA_LOSS, "ARTIFACT_DAMAGED")


def test_a_deleted_model_is_gone(empty: Studio) -> None:
    version = kept(empty)
    empty.learning.DeleteModel(pb.DeleteModelRequest(model_id=version.id))
    with refusal() as refused:
        empty.learning.GetModel(pb.GetModelRequest(model_id=version.id))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")


def test_a_live_model_is_not_deleted(empty: Studio) -> None:
    version = kept(empty)
    promote(empty, version.id)
    with refusal() as refused:
        empty.learning.DeleteModel(pb.DeleteModelRequest(model_id=version.id))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_IS_LIVE")
    assert refused.metadata == {"model_id": version.id}


def test_importance_names_what_the_world_goes_by_first(studio: Studio) -> None:
    features = studio.learning.GetFeatureImportance(pb.GetFeatureImportanceRequest()).features
    assert len(features) == 18
    assert {one.feature for one in features[:3]} >= {"hour", "media_type"}
    assert sum(one.impurity.value for one in features) == pytest.approx(1.0)
    assert features[0].permutation.interval.lower > 0
    assert [one.permutation.value for one in features] == sorted(
        (one.permutation.value for one in features), reverse=True
    )


def test_importance_is_of_the_live_version_of_a_type_or_of_a_named_one(studio: Studio) -> None:
    classifier = studio.learning.ListModels(pb.ListModelsRequest(model_type=SUCCESS)).models[0]
    by_type = studio.learning.GetFeatureImportance(pb.GetFeatureImportanceRequest(model_type=SUCCESS))
    by_id = studio.learning.GetFeatureImportance(pb.GetFeatureImportanceRequest(model_id=classifier.id))
    assert by_type == by_id
    assert by_id.model_id == classifier.id


def test_without_a_live_version_there_is_no_importance(empty: Studio) -> None:
    with refusal() as refused:
        empty.learning.GetFeatureImportance(pb.GetFeatureImportanceRequest())
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_LIVE")
    assert refused.metadata == {"model_type": "ENGAGEMENT_PREDICTOR"}


BY_ID: list[Callable[[LearningServiceStub, str], object]] = [
    lambda stub, id: stub.GetModel(pb.GetModelRequest(model_id=id)),
    lambda stub, id: stub.PromoteModel(pb.PromoteModelRequest(model_id=id)),
    lambda stub, id: stub.RollBackModel(pb.RollBackModelRequest(model_type=ENGAGEMENT, model_id=id)),
    lambda stub, id: stub.DeleteModel(pb.DeleteModelRequest(model_id=id)),
    lambda stub, id: stub.GetFeatureImportance(pb.GetFeatureImportanceRequest(model_id=id)),
]


@pytest.mark.parametrize("call", BY_ID)
def test_a_model_of_another_workspace_is_not_found(
    empty: Studio, stranger: LearningServiceStub, call: Callable[[LearningServiceStub, str], object]
) -> None:
    version = kept(empty)
    promote(empty, version.id)
    for id in (version.id, NOBODY):
        with refusal() as refused:
            call(stranger, id)
        assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
    assert stranger.ListModels(pb.ListModelsRequest()).models == []


@pytest.mark.parametrize("call", BY_ID)
def test_an_id_that_is_none_is_refused_by_field(
    empty: Studio, call: Callable[[LearningServiceStub, str], object]
) -> None:
    with refusal() as refused:
        call(empty.learning, "nobody")
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("model_id",))


@pytest.mark.parametrize(
    ("request_", "wrong"),
    [
        (pb.ListModelsRequest(page_size=-1), "page_size"),
        (pb.ListModelsRequest(page_size=1001), "page_size"),
        (pb.ListModelsRequest(model_type=99), "model_type"),  # type: ignore[arg-type]
        (pb.ListModelsRequest(stage=7), "stage"),  # type: ignore[arg-type]
    ],
)
def test_a_bad_list_is_refused_by_field(empty: Studio, request_: pb.ListModelsRequest, wrong: str) -> None:
    with refusal() as refused:
        empty.learning.ListModels(request_)
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, (wrong,))


def test_a_way_back_needs_a_type(empty: Studio) -> None:
    with refusal() as refused:
        empty.learning.RollBackModel(pb.RollBackModelRequest())
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("model_type",))
