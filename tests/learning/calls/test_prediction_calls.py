"""Predictions and scores of drafts on the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import grpc
import pytest

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell.v1.learning_pb2_grpc import LearningServiceStub
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.drafts import (
    a_draft,
    a_poor_draft,
    persona,
    score,
)
from tests.learning.calls.studio import Studio


def test_a_rate_comes_with_its_interval_and_its_version(studio: Studio) -> None:
    response = studio.learning.PredictEngagement(pb.PredictEngagementRequest(draft=a_draft(studio)))
    assert 5.0 < response.engagement_rate_pct < 10.0
    assert response.interval.lower < response.engagement_rate_pct < response.interval.upper
    assert response.interval.level == 0.95
    model = studio.learning.GetModel(pb.GetModelRequest(model_id=response.model_id)).model
    assert model.version == response.model_version == 1


def test_a_lower_level_gives_a_narrower_interval(studio: Studio) -> None:
    wide, narrow = (
        studio.learning.PredictEngagement(pb.PredictEngagementRequest(draft=a_draft(studio), level=level)).interval
        for level in (0.95, 0.5)
    )
    assert narrow.level == 0.5
    assert narrow.upper - narrow.lower < wide.upper - wide.lower


def test_what_does_well_in_this_world_is_predicted_to(studio: Studio) -> None:
    good, poor = (
        studio.learning.PredictEngagement(pb.PredictEngagementRequest(draft=draft)).engagement_rate_pct
        for draft in (a_draft(studio), a_poor_draft(studio))
    )
    assert good > poor + 2.0


def test_the_odds_of_success_come_with_their_threshold(studio: Studio) -> None:
    good, poor = (
        studio.learning.PredictSuccess(pb.PredictSuccessRequest(draft=draft))
        for draft in (a_draft(studio), a_poor_draft(studio))
    )
    assert good.success_probability > 0.6 > 0.4 > poor.success_probability
    assert good.success_threshold_pct == 5.0
    assert good.confidence == pytest.approx(2 * abs(good.success_probability - 0.5))


@pytest.mark.parametrize(
    ("call", "model_type"),
    [
        (
            lambda stub, draft: stub.PredictEngagement(pb.PredictEngagementRequest(draft=draft)),
            "ENGAGEMENT_PREDICTOR",
        ),
        (lambda stub, draft: stub.PredictSuccess(pb.PredictSuccessRequest(draft=draft)), "SUCCESS_CLASSIFIER"),
    ],
)
def test_without_a_live_model_there_is_no_prediction(
    empty: Studio, call: Callable[[LearningServiceStub, pb.ContentDraft], object], model_type: str
) -> None:
    with refusal() as refused:
        call(empty.learning, pb.ContentDraft(caption="Hello"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "MODEL_NOT_LIVE")
    assert refused.metadata == {"model_type": model_type}


def test_a_score_is_60_for_engagement_and_40_for_success(studio: Studio) -> None:
    found = score(studio, draft=a_draft(studio))
    expected = 60 * found.engagement_percentile + 40 * found.success_probability
    assert found.score == pytest.approx(expected)
    assert found.method == pb.SCORING_METHOD_MODEL
    assert list(found.model_versions) == ["ENGAGEMENT_PREDICTOR/1", "SUCCESS_CLASSIFIER/1"]
    assert not found.points


def test_its_parts_are_those_of_the_predictions(studio: Studio) -> None:
    found = score(studio, draft=a_draft(studio))
    rate = studio.learning.PredictEngagement(pb.PredictEngagementRequest(draft=a_draft(studio)))
    odds = studio.learning.PredictSuccess(pb.PredictSuccessRequest(draft=a_draft(studio)))
    assert (found.engagement_rate_pct, found.engagement_interval) == (rate.engagement_rate_pct, rate.interval)
    assert found.success_probability == odds.success_probability


def test_its_interval_is_that_of_the_rate(studio: Studio) -> None:
    found = score(studio, draft=a_draft(studio))
    assert found.interval.lower <= found.score <= found.interval.upper
    assert found.interval.level == 0.95


def test_what_does_well_in_this_world_is_in_a_higher_tier(studio: Studio) -> None:
    good, poor = score(studio, draft=a_draft(studio)), score(studio, draft=a_poor_draft(studio))
    assert good.tier > poor.tier
    assert good.score > poor.score + 30


def test_what_is_left_out_counts_as_unknown(studio: Studio) -> None:
    found = score(studio, draft=pb.ContentDraft())
    assert found.method == pb.SCORING_METHOD_MODEL
    assert 0 <= found.score <= 100


def test_without_a_live_model_it_goes_by_rules_and_says_so(empty: Studio) -> None:
    draft = pb.ContentDraft(caption="Hello", media_type=common_pb2.MEDIA_TYPE_TEXT)
    found = score(empty, draft=draft)
    assert (found.method, found.confidence) == (pb.SCORING_METHOD_RULES, pb.CONFIDENCE_LEVEL_LOW)
    assert found.score == 50 + sum(points.points for points in found.points)
    assert {"hour", "hashtags", "caption_length", "media", "call_to_action"} <= {p.rule for p in found.points}
    assert not found.model_versions
    assert not found.HasField("engagement_rate_pct")
    assert not found.HasField("interval")


def test_hashtags_are_read_from_the_caption_when_none_are_given(empty: Studio) -> None:
    read = score(empty, draft=pb.ContentDraft(caption="Light #a #b #c #d #e"))
    given = score(empty, draft=pb.ContentDraft(caption="Light #a #b #c #d #e", hashtags=["one"]))
    points = [{one.rule: one.points for one in found.points}["hashtags"] for found in (read, given)]
    assert points[0] > points[1]


def test_hours_are_those_of_the_personas_time_zone(empty: Studio) -> None:
    at = world.stamp(datetime(2026, 4, 20, 2, tzinfo=UTC))
    night, morning = (
        score(empty, draft=pb.ContentDraft(persona_id=persona(empty, zone), publish_time=at))
        for zone in ("UTC", "Asia/Tokyo")
    )
    assert (night.points[0].points, morning.points[0].points) == (-8.0, 8.0)
