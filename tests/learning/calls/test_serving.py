"""Live models are swapped while calls go on, noticed by every server, and never loaded from a damaged artifact."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from groundswell_storage.learning import model_versions
from tests.learning.calls import world
from tests.learning.calls.studio import POSTS, Studio
from tests.patience import eventually
from tests.running import RunningServer

A_DRAFT = pb.ContentDraft(
    platform=common_pb2.PLATFORM_INSTAGRAM,
    media_type=common_pb2.MEDIA_TYPE_IMAGE,
    publish_time=world.stamp(datetime(2026, 4, 20, 19, tzinfo=UTC)),
)


@pytest.fixture
def two(empty: Studio, studio: Studio) -> tuple[Studio, list[str]]:
    """A workspace with two versions that can serve, neither live."""
    live = studio.learning.ListModels(pb.ListModelsRequest(model_type=pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR)).models[0]
    return empty, [empty.borrow(live.id, studio) for _ in range(2)]


def promote(studio: Studio, model_id: str) -> None:
    studio.learning.PromoteModel(pb.PromoteModelRequest(model_id=model_id))


def versions(stub: LearningServiceStub) -> list[str]:
    return list(stub.ScoreContent(pb.ScoreContentRequest(draft=A_DRAFT)).score.model_versions)


def test_a_promotion_ends_the_time_of_rules(two: tuple[Studio, list[str]]) -> None:
    studio, (first, _) = two
    assert versions(studio.learning) == []
    promote(studio, first)
    eventually(lambda: versions(studio.learning) == ["ENGAGEMENT_PREDICTOR/1"])


def test_every_server_notices_a_promotion(two: tuple[Studio, list[str]]) -> None:
    studio, (first, second) = two
    url = studio.server.settings.database_url.get_secret_value()
    with RunningServer(url, ["learning"]) as other:
        stub = other.learning(other.key(studio.workspace))
        promote(studio, first)
        eventually(lambda: versions(stub) == ["ENGAGEMENT_PREDICTOR/1"])
        promote(studio, second)
        eventually(lambda: versions(stub) == ["ENGAGEMENT_PREDICTOR/2"])


def test_no_call_is_dropped_while_models_are_swapped(two: tuple[Studio, list[str]]) -> None:
    studio, ids = two
    promote(studio, ids[0])
    seen: set[str] = set()
    failures: list[Exception] = []
    ended = threading.Event()

    def call() -> None:
        while not ended.is_set():
            try:
                seen.update(versions(studio.learning))
            except Exception as error:
                failures.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    for round_ in range(1, 7):
        promote(studio, ids[round_ % 2])
        number = round_ % 2 + 1
        eventually(lambda number=number: versions(studio.learning) == [f"ENGAGEMENT_PREDICTOR/{number}"])  # type: ignore[misc]
    ended.set()
    caller.join()
    assert not failures
    assert seen == {"ENGAGEMENT_PREDICTOR/1", "ENGAGEMENT_PREDICTOR/2"}


@pytest.mark.parametrize("part", ["onnx", "card"])
def test_a_damaged_version_is_refused_and_the_one_before_it_serves(two: tuple[Studio, list[str]], part: str) -> None:
    studio, (first, second) = two
    promote(studio, first)
    promote(studio, second)
    with studio.server.app.database.scope(studio.workspace) as scope:
        row = model_versions.ModelArtifactRow
        damaged = (row.model_id == second) & (row.name == part)
        scope.update(row, content=b"not what was stored").where(damaged).execute()
    # A server that starts now has to load what is stored.
    with RunningServer(studio.server.settings.database_url.get_secret_value(), ["learning"]) as other:
        stub = other.learning(other.key(studio.workspace))
        assert versions(stub) == ["ENGAGEMENT_PREDICTOR/1"]
        answer = stub.PredictEngagement(pb.PredictEngagementRequest(draft=A_DRAFT))
        assert (answer.model_id, answer.model_version) == (first, 1)


def test_without_a_version_before_it_rules_serve(two: tuple[Studio, list[str]]) -> None:
    studio, (first, _) = two
    promote(studio, first)
    with studio.server.app.database.scope(studio.workspace) as scope:
        row = model_versions.ModelArtifactRow
        scope.delete(row).where(row.model_id == first).execute()
    with RunningServer(studio.server.settings.database_url.get_secret_value(), ["learning"]) as other:
        score = other.learning(other.key(studio.workspace)).ScoreContent(pb.ScoreContentRequest(draft=A_DRAFT)).score
    assert score.method == pb.SCORING_METHOD_RULES


def test_a_score_without_a_classifier_says_which_model_it_is_from(two: tuple[Studio, list[str]]) -> None:
    studio, (first, _) = two
    promote(studio, first)
    eventually(lambda: versions(studio.learning) == ["ENGAGEMENT_PREDICTOR/1"])
    score = studio.learning.ScoreContent(pb.ScoreContentRequest(draft=A_DRAFT)).score
    assert 0 < score.success_probability < 1


def test_a_change_of_the_persona_is_noticed(empty: Studio) -> None:
    persona = empty.engagement.CreatePersona(engagement_pb2.CreatePersonaRequest(name="Luna", time_zone="UTC")).persona
    draft = pb.ContentDraft(persona_id=persona.id, publish_time=world.stamp(datetime(2026, 4, 20, 2, tzinfo=UTC)))

    def hour_points() -> float:
        return empty.learning.ScoreContent(pb.ScoreContentRequest(draft=draft)).score.points[0].points

    assert hour_points() == -8.0
    persona.time_zone = "Asia/Tokyo"
    empty.engagement.UpdatePersona(engagement_pb2.UpdatePersonaRequest(persona_id=persona.id, persona=persona))
    eventually(lambda: hour_points() == 8.0, within_seconds=20)


def test_new_outcomes_are_noticed(empty: Studio) -> None:
    persona = empty.publish(world.posts(10))
    draft = pb.ContentDraft(
        persona_id=persona.id, platform=common_pb2.PLATFORM_INSTAGRAM, publish_time=world.stamp(world.after(POSTS))
    )

    def rules() -> set[str]:
        score = empty.learning.ScoreContent(pb.ScoreContentRequest(draft=draft)).score
        return {points.rule for points in score.points}

    # Posts count in the 30 days after they were published: the first ten are long past by then.
    assert "trailing_rate" not in rules()
    empty.publish(world.posts(20, first=world.after(POSTS) - 25 * world.DAY, seed=1))
    eventually(lambda: "trailing_rate" in rules(), within_seconds=20)
