"""AnalyzeAudience, and the layers in AnalyzePost."""

from __future__ import annotations

from uuid import uuid4

from groundswell.v1 import engagement_pb2
from groundswell.v1.engagement_pb2 import PlatformHandle
from groundswell.v1.engagement_pb2_grpc import EngagementServiceStub
from tests.engagement.recorded_data import (
    FACEBOOK,
    INSTAGRAM,
    SPAM,
    ago,
    comment,
    like,
    make_persona,
    make_post,
    measure,
    record,
)


def audience(stub: EngagementServiceStub, persona_id: str, **fields: object) -> engagement_pb2.AnalyzeAudienceResponse:
    return stub.AnalyzeAudience(engagement_pb2.AnalyzeAudienceRequest(persona_id=persona_id, **fields))  # type: ignore[arg-type]


def test_a_personas_interactions_are_added_up_over_its_posts(engagement: EngagementServiceStub) -> None:
    handle = f"twin.{uuid4().hex}"
    persona = make_persona(engagement, handles=[PlatformHandle(platform=INSTAGRAM, handle=handle)]).id
    first, second = (make_post(engagement, persona, publish_time=ago(days=days)) for days in (9, 2))
    record(engagement, first.id, [comment("spammer", SPAM, ago(days=8)), like("anna", ago(days=8))])
    record(engagement, second.id, [comment("other", SPAM, ago(hours=8)), like(handle, ago(hours=5))])
    make_post(engagement, persona)
    found = audience(engagement, persona)
    assert (found.post_count, found.genuine_count, found.bot_count, found.persona_count) == (2, 1, 2, 1)
    assert found.inauthentic_share == 0.75
    assert {(one.reason, one.count) for one in found.filtered} >= {("PROFILE_LINK", 2), ("REGISTERED_PERSONA", 1)}
    shares = {one.layer: (one.count, round(one.share, 3)) for one in found.layers}
    assert shares == {"text": (2, 0.667), "persona": (1, 0.333)}


def test_only_what_was_asked_for_is_added_up(engagement: EngagementServiceStub) -> None:
    persona = make_persona(engagement).id
    for platform, days in ((INSTAGRAM, 40), (INSTAGRAM, 5), (FACEBOOK, 5)):
        post = make_post(engagement, persona, platform=platform, publish_time=ago(days=days))
        record(engagement, post.id, [like(f"fan{platform}{days}", ago(hours=3))])
    assert audience(engagement, persona).post_count == 2
    assert audience(engagement, persona, platform=FACEBOOK).post_count == 1
    assert audience(engagement, persona, start_time=ago(days=50)).post_count == 3
    assert audience(engagement, persona, end_time=ago(days=20)).post_count == 1
    nothing = audience(engagement, persona, end_time=ago(days=100))
    assert nothing == engagement_pb2.AnalyzeAudienceResponse()


def test_the_share_is_what_posts_with_counts_alone_are_estimated_with(engagement: EngagementServiceStub) -> None:
    persona = make_persona(engagement).id
    earlier = make_post(engagement, persona, publish_time=ago(days=9))
    fans = [like(f"fan{number}", ago(days=8, minutes=17 * number)) for number in range(3)]
    record(engagement, earlier.id, [*fans, comment("spammer", SPAM, ago(days=8))])
    share = audience(engagement, persona, platform=INSTAGRAM).inauthentic_share
    counted = make_post(engagement, persona, publish_time=ago(days=1))
    figures = measure(engagement, counted.id, likes=400, reach=9000).post.engagement
    assert share == 0.25
    assert (figures.estimated, figures.likes, figures.bots_filtered) == (True, 300, 100)


def test_the_analysis_of_a_post_names_the_layers(engagement: EngagementServiceStub) -> None:
    post = make_post(engagement, make_persona(engagement).id, publish_time=ago(days=10))
    bought = like("emma", ago(hours=2))
    for name, value in {"follower_count": 3, "following_count": 2500, "media_count": 0}.items():
        setattr(bought.profile, name, value)
    record(engagement, post.id, [bought, comment("spammer", SPAM, ago(hours=3)), like("anna", ago(hours=4))])
    analyzed = engagement.AnalyzePost(engagement_pb2.AnalyzePostRequest(post_id=post.id))
    assert {(one.layer, one.count, one.share) for one in analyzed.layers} == {("profile", 1, 0.5), ("text", 1, 0.5)}
