"""Monitoring of live models on the wire: predictions for contexts compared with their outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc

from groundswell.v1 import engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from groundswell_server.learning.jobs import retrain_when_due
from groundswell_storage.learning import model_versions
from groundswell_storage.learning.predictions import PredictionRow
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.drafts import INSTAGRAM, a_context, persona
from tests.learning.calls.studio import Studio
from tests.learning.monitoring.service_rows import serve, usual
from tests.learning.past_posts import FIRST
from tests.patience import eventually

ENGAGEMENT = pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR
MONTH = timedelta(days=30)


@pytest.fixture
def served(empty: Studio, studio: Studio) -> tuple[Studio, str]:
    """A workspace in which a version serves; nothing has been asked of it."""
    live = studio.learning.ListModels(pb.ListModelsRequest(model_type=pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR)).models[0]
    model_id = empty.borrow(live.id, studio)
    empty.learning.PromoteModel(pb.PromoteModelRequest(model_id=model_id))
    eventually(lambda: score(empty, draft=pb.ContentDraft(platform=INSTAGRAM)).method == pb.SCORING_METHOD_MODEL)
    return empty, model_id


def score(studio: Studio, **fields: object) -> pb.ContentScore:
    return studio.learning.ScoreContent(pb.ScoreContentRequest(**fields)).score  # type: ignore[arg-type]


def performance(studio: Studio, **fields: object) -> pb.GetModelPerformanceResponse:
    return studio.learning.GetModelPerformance(pb.GetModelPerformanceRequest(**fields))  # type: ignore[arg-type]


def age(studio: Studio) -> None:
    """Makes the predictions a month old: outcomes take a week."""
    with studio.server.app.database.scope(studio.workspace) as scope:
        for row in scope.select(PredictionRow):
            changed = scope.update(PredictionRow, served=row.served - MONTH)
            changed.where(PredictionRow.context_id == row.context_id).execute()


def post(studio: Studio, persona_id: str, context_id: str, likes: int) -> None:
    """Posts a context 20 days ago and measures it a week later."""
    published = datetime.now(UTC) - timedelta(days=20)
    made = studio.engagement.CreatePost(
        engagement_pb2.CreatePostRequest(
            persona_id=persona_id,
            context_id=context_id,
            platform=INSTAGRAM,
            platform_post_id=context_id,
            publish_time=world.stamp(published),
        )
    ).post
    metrics = engagement_pb2.Metrics(reach=1000, likes=likes)
    fetched = world.stamp(published + timedelta(days=8))
    request = engagement_pb2.RecordMetricsRequest(post_id=made.id, metrics=metrics, fetch_time=fetched)
    studio.engagement.RecordMetrics(request)


def test_predictions_of_contexts_are_counted_once_each(served: tuple[Studio, str]) -> None:
    studio, model_id = served
    contexts = [a_context(studio, input={"platform": "INSTAGRAM"}) for _ in range(3)]
    for context_id in (*contexts, *contexts):
        score(studio, context_id=context_id)
    found = performance(studio)  # at once, though predictions are written behind the answers
    assert found.total.prediction_count == 3
    assert (found.model_id, found.model_version) == (model_id, 1)
    assert found.total.outcome_count == 0
    assert not found.total.HasField("metrics")
    assert found.test_metrics.HasField("mae")


def test_every_call_that_predicts_counts(served: tuple[Studio, str]) -> None:
    studio, _ = served
    stub, ids = studio.learning, [a_context(studio) for _ in range(4)]
    score(studio, context_id=ids[0])
    stub.PredictEngagement(pb.PredictEngagementRequest(context_id=ids[1], level=0.8))
    asked = [pb.ScoreContentRequest(context_id=ids[2]), pb.ScoreContentRequest(draft=pb.ContentDraft())]
    stub.BatchScoreContent(pb.BatchScoreContentRequest(requests=asked))
    stub.OptimizeContent(pb.OptimizeContentRequest(context_id=ids[3]))
    assert performance(studio).total.prediction_count == 4


def test_what_was_said_is_compared_with_what_came_of_it(served: tuple[Studio, str]) -> None:
    studio, _ = served
    luna = persona(studio)
    contexts = [a_context(studio, persona_id=luna, input={"platform": "INSTAGRAM"}) for _ in range(3)]
    said = [score(studio, context_id=context_id).engagement_rate_pct for context_id in contexts]
    assert performance(studio).total.prediction_count == 3
    age(studio)
    # One inside its interval whatever the hour of the test predicts, and one outside.
    likes = round(10 * said[0]), 300
    for context_id, count in zip(contexts[:2], likes, strict=True):
        post(studio, luna, context_id, count)
    total = performance(studio).total
    assert (total.prediction_count, total.outcome_count, total.metrics.sample_size) == (3, 2, 2)
    assert total.metrics.mae == pytest.approx((abs(said[0] - likes[0] / 10) + abs(said[1] - 30.0)) / 2)
    assert total.metrics.coverage == 0.5
    assert total.mean_prediction == pytest.approx(sum(said[:2]) / 2)
    assert total.mean_outcome == pytest.approx((likes[0] / 10 + 30.0) / 2)


def test_windows_divide_the_period(served: tuple[Studio, str]) -> None:
    studio, _ = served
    score(studio, context_id=a_context(studio))
    assert performance(studio).total.prediction_count == 1
    age(studio)
    score(studio, context_id=a_context(studio))
    found = performance(studio, lookback_days=40, window_days=15)
    assert found.total.prediction_count == 2
    assert [window.prediction_count for window in found.windows] == [1, 0, 1]
    assert found.windows[0].start_time == found.total.start_time
    assert found.windows[-1].end_time == found.total.end_time


def test_a_deleted_version_takes_its_predictions_along(served: tuple[Studio, str], studio: Studio) -> None:
    here, first = served
    score(here, context_id=a_context(here))
    eventually(lambda: performance(here).total.prediction_count == 1)
    second = here.borrow(first, here)
    here.learning.PromoteModel(pb.PromoteModelRequest(model_id=second))
    here.learning.DeleteModel(pb.DeleteModelRequest(model_id=first))
    with here.server.app.database.scope(here.workspace) as scope:
        assert scope.select(PredictionRow).count() == 0


def test_a_look_is_kept_and_listed(served: tuple[Studio, str]) -> None:
    studio, model_id = served
    with studio.server.app.database.scope(studio.workspace) as scope:
        serve(scope, model_versions.get_version(scope, model_id), [3.0 + residual for residual in usual(60)])
    report = studio.learning.CheckDrift(pb.CheckDriftRequest()).report
    assert (report.model_id, report.model_version, report.sample_count) == (model_id, 1, 60)
    assert report.status == pb.DRIFT_STATUS_CRITICAL
    assert report.recommendation == pb.DRIFT_RECOMMENDATION_IMMEDIATE_RETRAIN_REQUIRED
    assert (report.metric, report.check_number) == ("mae", 1)
    assert report.live_error > report.baseline_error
    assert report.decisive_part in {part.name for part in report.parts}
    assert report.features
    listed = studio.learning.ListDriftReports(pb.ListDriftReportsRequest(status=pb.DRIFT_STATUS_CRITICAL)).reports
    assert list(listed) == [report]


def test_a_repeated_look_is_one_report(served: tuple[Studio, str]) -> None:
    studio, model_id = served
    with studio.server.app.database.scope(studio.workspace) as scope:
        serve(scope, model_versions.get_version(scope, model_id), usual(60))
    request = pb.CheckDriftRequest(request_id="once")
    assert studio.learning.CheckDrift(request) == studio.learning.CheckDrift(request)
    assert len(studio.learning.ListDriftReports(pb.ListDriftReportsRequest()).reports) == 1


def test_too_few_outcomes_to_look_at(served: tuple[Studio, str]) -> None:
    studio, _ = served
    with refusal() as refused:
        studio.learning.CheckDrift(pb.CheckDriftRequest())
    assert (refused.reason, refused.metadata) == ("INSUFFICIENT_SAMPLES", {"have": "0", "need": "50"})


def test_reports_of_another_workspace_are_not_listed(served: tuple[Studio, str], stranger: LearningServiceStub) -> None:
    studio, model_id = served
    with studio.server.app.database.scope(studio.workspace) as scope:
        serve(scope, model_versions.get_version(scope, model_id), usual(60))
    studio.learning.CheckDrift(pb.CheckDriftRequest())
    assert not stranger.ListDriftReports(pb.ListDriftReportsRequest()).reports


def test_a_schedule_has_the_defaults_of_the_settings(empty: Studio) -> None:
    schedule = empty.learning.ScheduleTraining(pb.ScheduleTrainingRequest(model_type=ENGAGEMENT)).schedule
    assert (schedule.every_days, schedule.minimum_new_samples, schedule.lookback_days) == (7, 100, 90)
    assert (schedule.drift_threshold, schedule.force) == (0.15, False)
    assert abs(schedule.next_check_time.ToDatetime(UTC) - datetime.now(UTC)) < timedelta(minutes=5)
    assert not schedule.HasField("last_check_time")


def test_types_that_learn_from_labels_have_schedules_too(empty: Studio) -> None:
    request = pb.ScheduleTrainingRequest(model_type=pb.MODEL_TYPE_TONE_CLASSIFIER)
    schedule = empty.learning.ScheduleTraining(request).schedule
    # All labels: they do not grow old.
    assert (schedule.minimum_new_samples, schedule.lookback_days) == (100, 0)


def test_a_schedule_is_replaced_and_cancelled(empty: Studio) -> None:
    first = world.stamp(datetime(2030, 1, 1, tzinfo=UTC))
    for every_days in (7, 1):
        request = pb.ScheduleTrainingRequest(
            model_type=ENGAGEMENT, every_days=every_days, drift_threshold=0.3, force=True, first_check_time=first
        )
        schedule = empty.learning.ScheduleTraining(request).schedule
        assert (schedule.every_days, schedule.drift_threshold, schedule.force) == (every_days, 0.3, True)
        assert schedule.next_check_time == first
    empty.learning.CancelTrainingSchedule(pb.CancelTrainingScheduleRequest(model_type=ENGAGEMENT))
    with refusal() as refused:
        empty.learning.CancelTrainingSchedule(pb.CancelTrainingScheduleRequest(model_type=ENGAGEMENT))
    assert refused.reason == "TRAINING_SCHEDULE_NOT_FOUND"


def test_a_retraining_that_fails_leaves_the_live_version_and_says_why(served: tuple[Studio, str]) -> None:
    studio, model_id = served
    database = studio.server.app.database
    request = pb.ScheduleTrainingRequest(model_type=ENGAGEMENT, force=True, minimum_new_samples=30, lookback_days=3650)
    with database.scope(studio.workspace) as scope:
        serve(scope, model_versions.get_version(scope, model_id), usual(30))
        row = model_versions.ModelRow
        scope.update(row, data_end=FIRST - timedelta(days=1)).where(row.id == model_id).execute()
    studio.learning.ScheduleTraining(request)
    retrain_when_due(database, studio.server.settings)
    world.work(studio.server)
    schedule = studio.learning.ScheduleTraining(request).schedule
    operations = operations_pb2_grpc.OperationsStub(studio.server.channel(studio.server.key(studio.workspace)))
    ended = operations.GetOperation(operations_pb2.GetOperationRequest(name=schedule.last_operation))
    assert ended.done
    assert "needs at least 50 posts" in ended.error.message
    assert studio.learning.GetModel(pb.GetModelRequest(model_id=model_id)).model.stage == pb.MODEL_STAGE_LIVE
    assert score(studio, draft=pb.ContentDraft(platform=INSTAGRAM)).method == pb.SCORING_METHOD_MODEL
