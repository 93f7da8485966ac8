"""TrainModel on the wire, with the worker that does it."""

from __future__ import annotations

from datetime import UTC, timedelta

import grpc
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import error_details_pb2

from groundswell.v1 import common_pb2, learning_pb2
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from groundswell_server.learning.features.post_features import FEATURES
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.studio import POSTS, Studio

ENGAGEMENT = learning_pb2.MODEL_TYPE_ENGAGEMENT_PREDICTOR


def failure(studio: Studio, **fields: object) -> error_details_pb2.ErrorInfo:
    """Trains, which has to fail; the ErrorInfo of the operation."""
    given = {"model_type": ENGAGEMENT, "as_of_time": world.after(POSTS), "lookback_days": 365, **fields}
    name = studio.learning.TrainModel(learning_pb2.TrainModelRequest(**given)).operation.name  # type: ignore[arg-type]
    world.work(studio.server)
    operation = operations(studio).GetOperation(operations_pb2.GetOperationRequest(name=name))
    info = error_details_pb2.ErrorInfo()
    assert operation.error.code == grpc.StatusCode.FAILED_PRECONDITION.value[0], operation
    assert operation.error.details[0].Unpack(info)
    return info


def operations(studio: Studio) -> operations_pb2_grpc.OperationsStub:
    return operations_pb2_grpc.OperationsStub(studio.server.channel(studio.server.key(studio.workspace)))


def stages(studio: Studio) -> list[tuple[int, str]]:
    models = studio.learning.ListModels(learning_pb2.ListModelsRequest()).models
    return [(model.version, learning_pb2.ModelStage.Name(model.stage)) for model in models]


def test_a_run_ends_as_an_operation_with_the_model(empty: Studio) -> None:
    empty.publish(world.posts(60))
    request = learning_pb2.TrainModelRequest(model_type=ENGAGEMENT, as_of_time=world.stamp(world.after(60)))
    started = empty.learning.TrainModel(request).operation
    assert started.name.startswith("operations/")
    assert not started.done
    world.work(empty.server)
    ended = operations(empty).GetOperation(operations_pb2.GetOperationRequest(name=started.name))
    model, progress = learning_pb2.Model(), common_pb2.OperationProgress()
    assert ended.done
    assert ended.response.Unpack(model)
    assert ended.metadata.Unpack(progress)
    assert progress.progress_pct == 100
    assert empty.learning.GetModel(learning_pb2.GetModelRequest(model_id=model.id)).model == model


def test_a_version_says_what_it_learnt_from_and_how_good_it_is(studio: Studio) -> None:
    models = studio.learning.ListModels(learning_pb2.ListModelsRequest(model_type=ENGAGEMENT)).models
    model = models[-1]
    assert (model.version, model.sample_count, tuple(model.features)) == (1, POSTS, FEATURES)
    assert model.data_start_time.ToDatetime(UTC) == world.FIRST
    assert model.data_end_time.ToDatetime(UTC) == world.FIRST + (POSTS - 1) * timedelta(hours=14)
    assert model.test_metrics.sample_size == 48
    assert model.test_metrics.mae < min(model.trailing_mean_baseline.mae, model.last_value_baseline.mae)
    assert 0.85 <= model.test_metrics.coverage <= 1
    assert model.beats_baselines
    assert model.parameters["target_age_days"] == 7
    assert model.artifact_bytes > 10_000
    assert len(model.artifact_digest) == 64
    assert "scikit-learn" in model.library_versions
    assert model.notes


def test_a_classifier_has_the_figures_of_classifiers(studio: Studio) -> None:
    request = learning_pb2.ListModelsRequest(model_type=learning_pb2.MODEL_TYPE_SUCCESS_CLASSIFIER)
    model = studio.learning.ListModels(request).models[0]
    assert model.test_metrics.brier < model.trailing_mean_baseline.brier
    assert model.test_metrics.HasField("roc_auc")
    assert not model.test_metrics.HasField("mae")
    assert model.parameters["success_threshold_pct"] == 5.0


def test_a_version_that_beats_the_baselines_goes_live(studio: Studio) -> None:
    live = studio.learning.ListModels(learning_pb2.ListModelsRequest(stage=learning_pb2.MODEL_STAGE_LIVE)).models
    assert {model.model_type for model in live} == {1, 2}
    assert all(model.HasField("promote_time") for model in live)


def test_too_few_posts_are_refused_with_their_number(empty: Studio) -> None:
    empty.publish(world.posts(30))
    info = failure(empty)
    assert (info.reason, dict(info.metadata)) == ("INSUFFICIENT_SAMPLES", {"have": "30", "need": "50"})


def test_posts_younger_than_the_target_age_wait(empty: Studio) -> None:
    empty.publish(world.posts(60))
    info = failure(empty, as_of_time=world.after(60) - timedelta(days=7))
    assert info.metadata["have"] == "49"


def test_posts_older_than_the_lookback_are_left_out(empty: Studio) -> None:
    empty.publish(world.posts(60))
    info = failure(empty, as_of_time=world.after(60), lookback_days=20)
    assert info.metadata["have"] == "22"
    info = failure(empty, as_of_time=world.FIRST + timedelta(days=100), lookback_days=0)
    assert info.metadata["have"] == "42", "the first 18 came within ten days: 90 are looked back unless told"


def test_what_was_fetched_after_the_moment_asked_for_is_not_read(empty: Studio) -> None:
    empty.publish(world.posts(60))
    info = failure(empty, as_of_time=world.after(30))
    assert info.metadata["have"] == "31"


def test_a_run_may_be_on_one_persona_alone(empty: Studio) -> None:
    luna = empty.publish(world.posts(12))
    empty.publish(world.posts(70, persona="Nova"))
    assert failure(empty, persona_id=luna.id).metadata["have"] == "12"


def test_outcomes_that_never_vary_are_refused(empty: Studio) -> None:
    rows = list(world.posts(60))
    for row in rows:
        row.metrics.likes = 250
    empty.publish(iter(rows))
    info = failure(empty)
    assert (info.reason, info.metadata["value"]) == ("TARGET_CONSTANT", "2.5")


def test_one_class_only_is_refused(empty: Studio) -> None:
    empty.publish(world.posts(60))
    classifier = learning_pb2.MODEL_TYPE_SUCCESS_CLASSIFIER
    assert failure(empty, model_type=classifier, success_threshold_pct=90.0).reason == "TARGET_CONSTANT"


def test_a_version_that_can_not_be_compared_does_not_push_the_live_one_out(empty: Studio) -> None:
    empty.publish(world.posts(60))
    first, second = empty.train("ENGAGEMENT_PREDICTOR"), empty.train("ENGAGEMENT_PREDICTOR")
    assert (first.stage, second.stage) == (learning_pb2.MODEL_STAGE_LIVE, learning_pb2.MODEL_STAGE_CANDIDATE)
    assert "needs 20 tested posts" in second.notes[-1]
    failure(empty, lookback_days=1)
    assert stages(empty) == [(2, "MODEL_STAGE_CANDIDATE"), (1, "MODEL_STAGE_LIVE")]


def test_a_version_that_is_better_on_posts_neither_has_seen_takes_over(empty: Studio) -> None:
    rows = list(world.posts(160))
    for row, other in zip(rows[:60], rows[60:0:-1], strict=True):
        # What the first version learns of is a world that is no more.
        row.metrics.likes = other.metrics.likes
    empty.publish(iter(rows))
    candidate = empty.train("ENGAGEMENT_PREDICTOR", as_of_time=world.after(60), promotion=learning_pb2.PROMOTION_NEVER)
    assert candidate.stage == learning_pb2.MODEL_STAGE_CANDIDATE
    empty.learning.PromoteModel(learning_pb2.PromoteModelRequest(model_id=candidate.id, force=True))
    second = empty.train("ENGAGEMENT_PREDICTOR")
    assert second.stage == learning_pb2.MODEL_STAGE_LIVE, list(second.notes)
    assert second.notes[-1].startswith("Promoted: mae ")
    assert stages(empty) == [(2, "MODEL_STAGE_LIVE"), (1, "MODEL_STAGE_RETIRED")]


def test_a_repeated_request_id_starts_one_run(empty: Studio) -> None:
    request = learning_pb2.TrainModelRequest(model_type=ENGAGEMENT, request_id="once")
    first, second = empty.learning.TrainModel(request), empty.learning.TrainModel(request)
    assert first == second
    assert world.work(empty.server) == 1


def test_a_persona_of_another_workspace_is_not_found(studio: Studio, stranger: LearningServiceStub) -> None:
    persona = studio.publish(world.posts(1))
    with refusal() as refused:
        stranger.TrainModel(learning_pb2.TrainModelRequest(model_type=ENGAGEMENT, persona_id=persona.id))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "PERSONA_NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"model_type": 0}, "model_type"),
        ({"model_type": 9}, "model_type"),
        ({"persona_id": "nobody"}, "persona_id"),
        ({"lookback_days": -1}, "lookback_days"),
        ({"success_threshold_pct": 0.0}, "success_threshold_pct"),
        ({"test_share": 0.9}, "test_share"),
        ({"random_seed": -1}, "random_seed"),
        ({"promotion": 7}, "promotion"),
        ({"as_of_time": {"seconds": 1 << 60}}, "as_of_time"),
    ],
)
def test_bad_input_is_refused_by_field(empty: Studio, fields: dict[str, object], wrong: str) -> None:
    with refusal() as refused:
        empty.learning.TrainModel(learning_pb2.TrainModelRequest(**{"model_type": ENGAGEMENT, **fields}))  # type: ignore[arg-type]
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, (wrong,))
