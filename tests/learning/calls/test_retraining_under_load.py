"""Retraining end to end: drift, a schedule that finds it, a promoted version, and a roll back, while calls go on.

Callers ask all the while, and none is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.learning.jobs import retrain_when_due
from tests.learning.calls import world
from tests.learning.calls.drafts import INSTAGRAM
from tests.learning.calls.studio import Studio
from tests.patience import eventually
from tests.running import RunningServer

ENGAGEMENT = pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR
OLD_POSTS, NEW_POSTS = 120, 110
A_MOMENT = 1e-9
"""The target age in days: outcomes are known as soon as they are measured."""


@pytest.fixture
def studio(database_url: str) -> Iterator[Studio]:
    with RunningServer(database_url, ml_target_age_days=A_MOMENT) as server:
        yield Studio.open(server)


@contextmanager
def load(studio: Studio) -> Iterator[tuple[set[str], list[grpc.RpcError]]]:
    """Callers that ask for scores until the end; the versions they were told of, and the errors they got."""
    seen: set[str] = set()
    errors: list[grpc.RpcError] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                draft = pb.ContentDraft(platform=INSTAGRAM, category="product")
                seen.update(studio.learning.ScoreContent(pb.ScoreContentRequest(draft=draft)).score.model_versions)
            except grpc.RpcError as error:
                errors.append(error)

    callers = [threading.Thread(target=ask) for _ in range(2)]
    for caller in callers:
        caller.start()
    yield seen, errors
    ended.set()
    for caller in callers:
        caller.join()


def predict_and_post(studio: Studio, persona_id: str, count: int) -> None:
    """Asks about contexts, posts them, and measures what came of them: three times what it used to be."""
    random = Random(5)
    for number in range(count):
        film = random.random() < 0.5
        media = common_pb2.MEDIA_TYPE_VIDEO if film else common_pb2.MEDIA_TYPE_LINK
        request = engagement_pb2.StartContextRequest(persona_id=persona_id, phase="TEXT_GENERATION")
        request.input.update({"platform": "INSTAGRAM", "media_type": "VIDEO" if film else "LINK", "category": "reel"})
        context_id = studio.engagement.StartContext(request).context.id
        studio.learning.ScoreContent(pb.ScoreContentRequest(context_id=context_id))
        draft = engagement_pb2.CreatePostRequest(
            persona_id=persona_id,
            context_id=context_id,
            platform=INSTAGRAM,
            platform_post_id=f"new-{number}",
            media_type=media,
            category="reel",
        )
        post_id = studio.engagement.CreatePost(draft).post.id
        metrics = engagement_pb2.Metrics(reach=10_000, likes=round(1_200 + 600 * film + random.gauss(0, 30)))
        studio.engagement.RecordMetrics(engagement_pb2.RecordMetricsRequest(post_id=post_id, metrics=metrics))


def live(studio: Studio) -> pb.Model:
    (model,) = studio.learning.ListModels(pb.ListModelsRequest(stage=pb.MODEL_STAGE_LIVE)).models
    return model


@pytest.mark.slow
def test_a_model_is_retrained_after_drift_promoted_because_it_won_and_rolled_back(studio: Studio) -> None:
    now = datetime.now(UTC)
    first = now - timedelta(days=80)
    persona = studio.publish(world.posts(OLD_POSTS, first=first))
    before = studio.train("ENGAGEMENT_PREDICTOR", as_of_time=now, lookback_days=90)
    assert before.stage == pb.MODEL_STAGE_LIVE, list(before.notes)

    with load(studio) as (seen, errors):
        eventually(lambda: "ENGAGEMENT_PREDICTOR/1" in seen)
        predict_and_post(studio, persona.id, NEW_POSTS)
        request = pb.GetModelPerformanceRequest(model_id=before.id)
        eventually(lambda: studio.learning.GetModelPerformance(request).total.outcome_count == NEW_POSTS)
        studio.learning.ScheduleTraining(pb.ScheduleTrainingRequest(model_type=ENGAGEMENT))
        retrain_when_due(studio.server.app.database, studio.server.settings)
        assert world.work(studio.server) == 1

        report = studio.learning.ListDriftReports(pb.ListDriftReportsRequest()).reports[0]
        assert (report.model_id, report.status) == (before.id, pb.DRIFT_STATUS_CRITICAL)
        after = live(studio)
        assert (after.version, after.notes[-1][:14]) == (2, "Promoted: mae "), list(after.notes)
        eventually(lambda: "ENGAGEMENT_PREDICTOR/2" in seen)

        studio.learning.RollBackModel(pb.RollBackModelRequest(model_type=ENGAGEMENT))
        assert live(studio).id == before.id
        seen.clear()
        eventually(lambda: "ENGAGEMENT_PREDICTOR/1" in seen)
    assert not errors
