"""PredictTiming on the wire."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from groundswell.v1 import learning_pb2 as pb
from tests.errors import refusal
from tests.learning.calls import world
from tests.learning.calls.drafts import (
    INSTAGRAM,
    luna,
)
from tests.learning.calls.studio import POSTS, Studio


def timing(studio: Studio, **fields: Any) -> pb.PredictTimingResponse:
    given = {"platform": INSTAGRAM, "as_of_time": world.after(POSTS), "lookback_days": 365, **fields}
    return studio.learning.PredictTiming(pb.PredictTimingRequest(**given))


def test_the_evening_does_best_in_this_world(studio: Studio) -> None:
    response = timing(studio, persona_id=luna(studio))
    assert all(slot.hour >= 17 for slot in response.best_hours[:3])
    assert all(slot.weekday == 0 for slot in response.best_hours)
    assert all(1 <= slot.weekday <= 7 for slot in response.best_slots)
    assert response.best_hours[0].probability_above_average > 0.9
    assert (response.sample_size, response.time_zone) == (POSTS, "UTC")
    assert response.notes


def test_means_are_drawn_towards_the_whole(studio: Studio) -> None:
    response = timing(studio, persona_id=luna(studio), top_k=24)
    mean = response.mean_rate_pct.value
    with_posts = [slot for slot in response.best_hours if slot.HasField("raw_mean_pct")]
    assert with_posts
    for slot in with_posts:
        low, high = sorted((mean, slot.raw_mean_pct))
        assert low - 0.01 <= slot.engagement_rate_pct.value <= high + 0.01


def test_it_gives_as_many_slots_as_asked_for(studio: Studio) -> None:
    assert len(timing(studio).best_hours) == 5
    assert [len(part) for part in (timing(studio, top_k=30).best_hours, timing(studio, top_k=30).best_slots)] == [
        24,
        30,
    ]


def test_hours_are_on_the_clock_of_the_persona(empty: Studio) -> None:
    rows = list(world.posts(60))
    for row in rows:
        row.time_zone = "Asia/Tokyo"
    empty.publish(iter(rows))
    response = timing(empty, as_of_time=world.after(60))
    assert response.time_zone == "Asia/Tokyo"
    # What is 17:00 to midnight in UTC is 2:00 to 9:00 there.
    assert all(2 <= slot.hour < 9 for slot in response.best_hours[:3])


def test_posts_beyond_the_span_do_not_count(studio: Studio) -> None:
    assert timing(studio, lookback_days=30, as_of_time=world.after(POSTS)).sample_size < POSTS / 2
    assert timing(studio, as_of_time=world.after(POSTS // 2)).sample_size == POSTS // 2 + 1


def test_too_few_posts_are_refused_with_their_number(empty: Studio) -> None:
    empty.publish(world.posts(4))
    with refusal() as refused:
        timing(empty, as_of_time=world.after(4))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "INSUFFICIENT_SAMPLES")
    assert refused.metadata["have"] == "4"


def test_a_persona_of_another_workspace_is_not_found(studio: Studio, empty: Studio) -> None:
    with refusal() as refused:
        timing(empty, persona_id=luna(studio))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "PERSONA_NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"platform": 0}, "platform"),
        ({"persona_id": "nobody"}, "persona_id"),
        ({"lookback_days": 4000}, "lookback_days"),
        ({"top_k": 169}, "top_k"),
        ({"as_of_time": {"seconds": 1 << 60}}, "as_of_time"),
    ],
)
def test_bad_input_is_refused_by_field(empty: Studio, fields: dict[str, Any], wrong: str) -> None:
    with refusal() as refused:
        timing(empty, **fields)
    assert (refused.code, refused.fields) == (grpc.StatusCode.INVALID_ARGUMENT, (wrong,))
