"""WatchModel on the wire, and scores to which the online model contributes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import grpc

from groundswell.v1 import engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from groundswell_server.learning.jobs import learn_outcomes
from groundswell_server.learning.online.outcome_events import read_changes
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.drafts import INSTAGRAM
from tests.learning.calls.studio import POSTS, Studio
from tests.patience import eventually

AFTER = world.after(POSTS) + timedelta(days=10)
"""When posts begin that the studio's models have not learnt from."""


def learn(studio: Studio) -> None:
    """Has a worker work through all news of outcomes."""
    database = studio.server.app.database
    while read_changes(database) is not None:
        learn_outcomes(database, studio.server.settings)


def better_posts(count: int, *, seed: int = 9) -> Iterator[engagement_pb2.ImportedPost]:
    """Posts of a world in which all is liked three times as much."""
    for row in world.posts(count, first=AFTER, every=timedelta(hours=2), seed=seed):
        row.metrics.likes *= 3
        yield row


def watch(stub: LearningServiceStub, cursor: str = "") -> Any:
    return stub.WatchModel(pb.WatchModelRequest(cursor=cursor), timeout=60)


def told(watching: Any) -> pb.WatchModelResponse:
    """The next message that tells what was learnt."""
    return next(message for message in watching if message.HasField("event_time"))


def test_a_watcher_is_told_what_the_twin_has_learnt(empty: Studio) -> None:
    watching = watch(empty.learning)
    first = next(watching)
    assert first.cursor
    assert not first.HasField("online_model")
    empty.publish(world.posts(8))
    learn(empty)
    message = told(watching)
    watching.cancel()
    assert (message.online_model.model_type, message.online_model.learned_count) == (1, 8)
    assert message.online_model.error > 0
    assert not message.online_model.HasField("batch_error")


def test_the_first_message_has_the_state_of_now(empty: Studio) -> None:
    empty.publish(world.posts(8))
    learn(empty)
    watching = watch(empty.learning)
    assert next(watching).online_model.learned_count == 8
    watching.cancel()


def test_a_watcher_that_comes_back_misses_nothing(empty: Studio) -> None:
    watching = watch(empty.learning)
    cursor = next(watching).cursor
    watching.cancel()
    for seed, count in ((1, 5), (2, 7)):
        empty.publish(world.posts(count, seed=seed))
        learn(empty)
    resumed = watch(empty.learning, cursor)
    counts = [told(resumed).online_model.learned_count for _ in range(2)]
    resumed.cancel()
    assert counts == [5, 12]


def test_a_twin_that_does_better_gets_a_part_in_scores_and_answers_say_so(empty: Studio, studio: Studio) -> None:
    live = studio.learning.ListModels(pb.ListModelsRequest(model_type=pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR)).models[0]
    borrowed = empty.borrow(live.id, studio)
    empty.learning.PromoteModel(pb.PromoteModelRequest(model_id=borrowed))
    draft = pb.ContentDraft(platform=INSTAGRAM, category="product", publish_time=world.stamp(AFTER))

    def score() -> pb.ContentScore:
        return empty.learning.ScoreContent(pb.ScoreContentRequest(draft=draft)).score

    alone = eventually(lambda: (found := score()).model_versions and found)
    assert list(alone.model_versions) == ["ENGAGEMENT_PREDICTOR/1"]
    empty.publish(better_posts(150))
    learn(empty)
    watching = watch(empty.learning)
    twin = next(watching).online_model
    watching.cancel()
    assert (twin.model_id, twin.pair_count) == (borrowed, 150)
    assert twin.paired_error < twin.batch_error
    assert twin.blended_error < twin.batch_error
    assert 0.1 < twin.weight < 0.5
    blended = eventually(lambda: (found := score()).model_versions[1:] and found)
    assert list(blended.model_versions) == ["ENGAGEMENT_PREDICTOR/1", "ONLINE_MODEL/150"]
    assert blended.engagement_rate_pct > alone.engagement_rate_pct


def test_outcomes_outside_their_intervals_widen_those_that_are_served(empty: Studio, studio: Studio) -> None:
    live = studio.learning.ListModels(pb.ListModelsRequest(model_type=pb.MODEL_TYPE_ENGAGEMENT_PREDICTOR)).models[0]
    empty.learning.PromoteModel(pb.PromoteModelRequest(model_id=empty.borrow(live.id, studio)))
    draft = pb.ContentDraft(platform=INSTAGRAM, category="product", publish_time=world.stamp(AFTER))

    def width() -> float:
        interval = empty.learning.PredictEngagement(pb.PredictEngagementRequest(draft=draft)).interval
        return interval.upper - interval.lower

    before = eventually(width)
    # Too few for the twin to have a part.
    empty.publish(better_posts(19))
    learn(empty)
    watching = watch(empty.learning)
    adapted = next(watching).online_model
    watching.cancel()
    assert (adapted.pair_count, adapted.weight) == (19, 0.0)
    assert adapted.alpha < 0.045
    assert eventually(lambda: width() > before)


def test_nothing_is_told_of_another_workspace(empty: Studio, stranger: LearningServiceStub) -> None:
    watching = watch(stranger)
    cursor = next(watching).cursor
    watching.cancel()
    empty.publish(world.posts(6))
    learn(empty)
    again = watch(stranger, cursor)
    assert not next(again).HasField("online_model")
    again.cancel()


def test_a_cursor_that_nobody_gave_out_is_refused(empty: Studio) -> None:
    with refusal() as refused:
        next(watch(empty.learning, "x"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "CURSOR_INVALID")
