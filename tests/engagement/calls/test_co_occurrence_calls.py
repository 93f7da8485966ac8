"""Accounts on the wire: what is known of them, and whom they come with under a persona's posts."""

from __future__ import annotations

import random
from datetime import UTC, timedelta
from typing import Any

import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import ago, comment, like, make_persona, make_post, record
from tests.errors import refusal

BOT = engagement_pb2.VERDICT_BOT
GENUINE = engagement_pb2.VERDICT_GENUINE
BOUGHT = common_pb2.AccountProfile(
    follower_count=12, following_count=1900, media_count=0, has_picture=False, bio_length=0
)


@pytest.fixture
def post(engagement: EngagementServiceStub) -> engagement_pb2.Post:
    """A post that was published ten days ago."""
    return make_post(engagement, make_persona(engagement).id, publish_time=ago(days=10))


def listed(stub: EngagementServiceStub, post_id: str) -> dict[str, engagement_pb2.Interaction]:
    """A post's interactions by actor."""
    request = engagement_pb2.ListInteractionsRequest(post_id=post_id, page_size=1000)
    return {found.actor_handle: found for found in stub.ListInteractions(request).interactions}


def with_profile(interaction: engagement_pb2.Interaction, **known: Any) -> engagement_pb2.Interaction:
    interaction.profile.CopyFrom(common_pb2.AccountProfile(**known))
    return interaction


def test_an_account_that_looks_bought_is_a_bot_and_its_profile_is_kept(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    bought = like("emma", ago(hours=2))
    bought.profile.CopyFrom(BOUGHT)
    answer = record(engagement, post.id, [bought, like("anna", ago(hours=3))])
    assert (answer.bot_count, answer.genuine_count) == (1, 1)
    found = listed(engagement, post.id)
    assert list(found["emma"].layers) == ["persona", "time", "profile"]
    assert {"NO_PICTURE", "FOLLOWS_UNANSWERED"} <= {reason.code for reason in found["emma"].reasons}
    assert found["emma"].profile == BOUGHT
    assert list(found["anna"].layers) == ["persona", "time"]
    assert not found["anna"].HasField("profile")


def test_only_the_digits_of_names_in_a_profile_are_stored(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    record(engagement, post.id, [with_profile(like("x", ago(hours=2)), handle="@anna1234", display_name="Anna Bell")])
    kept = listed(engagement, post.id)["x"].profile
    assert kept == common_pb2.AccountProfile(handle_digit_share=0.5)


def test_a_profile_counts_when_an_interaction_is_judged_again(
    engagement: EngagementServiceStub, post: engagement_pb2.Post
) -> None:
    bought = comment("emma", "what a view", ago(hours=5))
    bought.profile.CopyFrom(BOUGHT)
    record(engagement, post.id, [bought])
    record(engagement, post.id, [comment("anna", "lovely", ago(hours=1))])
    assert listed(engagement, post.id)["emma"].verdict == BOT


@pytest.mark.parametrize(
    ("field", "known"),
    [
        ("follower_count", {"follower_count": -1}),
        ("age_days", {"age_days": -0.5}),
        ("handle_digit_share", {"handle_digit_share": 1.5}),
        ("bio_length", {"bio_length": -3}),
    ],
)
def test_a_profile_that_cannot_be_is_refused(
    engagement: EngagementServiceStub, post: engagement_pb2.Post, field: str, known: dict[str, Any]
) -> None:
    with refusal() as refused:
        record(engagement, post.id, [with_profile(like("emma", ago(hours=2)), **known)])
    assert refused.fields == (f"interactions[0].profile.{field}",)


def test_co_occurring_actors_are_found_and_their_earlier_interactions_are_judged_again(
    engagement: EngagementServiceStub,
) -> None:
    persona = make_persona(engagement).id
    posts = [make_post(engagement, persona, publish_time=ago(days=30 - day)) for day in range(22)]
    farm = [f"helper.{name}" for name in ("ada", "bea", "cleo", "dora", "edda")]
    for number, each in enumerate(posts):
        published = each.publish_time.ToDatetime(tzinfo=UTC)
        fans = [like(f"fan{number}-{fan}", published + timedelta(minutes=17 * fan + 11)) for fan in range(40)]
        regular = like("regular", published + timedelta(minutes=40 + 7 * number % 19))
        together = [like(name, published + timedelta(minutes=90, seconds=23 * at)) for at, name in enumerate(farm)]
        record(engagement, each.id, [*fans, regular, *(together if number % 3 == 0 else [])])
    last = listed(engagement, posts[21].id)
    assert {last[name].verdict for name in farm} == {BOT}
    assert "CO_INTERACTION" in {reason.code for reason in last[farm[0]].reasons}
    assert "graph" in last["regular"].layers
    assert last["regular"].verdict == GENUINE
    first = listed(engagement, posts[0].id)
    assert {first[name].verdict for name in farm} == {BOT}
    assert {first[name].verdict for name in first if name not in farm} == {GENUINE}
    untouched = listed(engagement, posts[1].id)
    assert {found.verdict for found in untouched.values()} == {GENUINE}


def test_a_periodic_visitor_is_found_and_its_earlier_interactions_are_judged_again(
    engagement: EngagementServiceStub,
) -> None:
    """A timer publishes the posts, each day in the same second; quick and habitual fans are no machines for that."""
    persona = make_persona(engagement).id
    chance = random.Random(5)
    posts = [make_post(engagement, persona, publish_time=ago(days=30 - day)) for day in range(12)]
    started = posts[0].publish_time.ToDatetime(tzinfo=UTC).replace(microsecond=0) + timedelta(hours=5)
    for day, each in enumerate(posts):
        published = each.publish_time.ToDatetime(tzinfo=UTC)
        robot = started + timedelta(days=day, hours=6 * (day % 3), seconds=chance.uniform(-2, 2))
        quick = published + timedelta(seconds=30 + chance.uniform(-4, 4))
        evening = published + timedelta(hours=2, minutes=chance.gauss(0, 20))
        record(engagement, each.id, [like("robot", robot), like("quick", quick), like("evening", evening)])
    last, first = listed(engagement, posts[-1].id), listed(engagement, posts[0].id)
    for found in (last, first):
        assert {name: each.verdict for name, each in found.items()} == {
            "robot": BOT,
            "quick": GENUINE,
            "evening": GENUINE,
        }
    (reason,) = last["robot"].reasons
    assert reason.code == "REGULAR_GAPS"
    assert float(reason.detail.split()[7]) == pytest.approx(6 * 3600, abs=2)
