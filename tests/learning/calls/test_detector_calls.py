"""Trained detectors in Engagement's filter: they take the place of the documented weights and phrases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from groundswell.v1 import common_pb2, engagement_pb2
from groundswell.v1 import learning_pb2 as pb
from tests.learning.calls import labels
from tests.learning.calls.studio import Studio
from tests.patience import eventually

A_BOT = common_pb2.AccountProfile(
    follower_count=15, following_count=3000, media_count=0, bio_length=0, has_picture=False, handle_digit_share=0.9
)
A_PERSON = common_pb2.AccountProfile(
    follower_count=480, following_count=320, media_count=60, bio_length=70, has_picture=True, handle_digit_share=0.0
)


def recorded(studio: Studio, sent: Iterable[engagement_pb2.Interaction]) -> Iterable[engagement_pb2.Interaction]:
    """Interactions with a new post, judged."""
    engagement = studio.engagement
    persona = engagement.CreatePersona(engagement_pb2.CreatePersonaRequest(name="Luna")).persona
    post = engagement.CreatePost(
        engagement_pb2.CreatePostRequest(
            persona_id=persona.id,
            platform=common_pb2.PLATFORM_INSTAGRAM,
            platform_post_id=persona.id,
            publish_time=datetime.now(UTC) - timedelta(days=1),
        )
    ).post
    engagement.RecordInteractions(iter([engagement_pb2.RecordInteractionsRequest(post_id=post.id, interactions=sent)]))
    return engagement.ListInteractions(engagement_pb2.ListInteractionsRequest(post_id=post.id)).interactions


def judged(studio: Studio) -> dict[str, engagement_pb2.Interaction]:
    """Interactions of a bot and of a person on a new post, by actor."""
    now = datetime.now(UTC)
    sent = [
        engagement_pb2.Interaction(
            kind=engagement_pb2.INTERACTION_KIND_LIKE,
            actor_handle=handle,
            interact_time=now - timedelta(hours=hours),
            profile=profile,
        )
        for hours, (handle, profile) in enumerate({"bot": A_BOT, "person": A_PERSON}.items(), 2)
    ]
    return {found.actor_handle: found for found in recorded(studio, sent)}


def detected(studio: Studio) -> list[float]:
    """What the live detector says of both; nothing before the server has heard that there is one."""
    try:
        response = studio.learning.ClassifyProfiles(pb.ClassifyProfilesRequest(profiles=[A_BOT, A_PERSON]))
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
            raise
        return []
    return [one.bot_probability for one in response.classes]


def test_a_live_detector_says_what_an_account_is_and_until_then_the_weights_do(empty: Studio) -> None:
    before = judged(empty)
    assert "NO_PICTURE" in {reason.code for reason in before["bot"].reasons}

    labels.send(empty, "BOT_DETECTOR", labels.profiles(300))
    model = empty.train("BOT_DETECTOR", as_of_time=None)
    assert model.stage == pb.MODEL_STAGE_LIVE, list(model.notes)
    bot, person = eventually(lambda: detected(empty))

    after = judged(empty)
    assert {reason.code for reason in after["bot"].reasons} == {"BOT_DETECTOR"}
    assert after["bot"].verdict == engagement_pb2.VERDICT_BOT
    assert after["bot"].inauthentic_probability == pytest.approx(bot, abs=0.002)
    assert after["person"].verdict == engagement_pb2.VERDICT_GENUINE
    assert after["person"].inauthentic_probability == pytest.approx(person, abs=0.01)
    assert "profile" in after["person"].layers
    assert after["bot"].profile == A_BOT


def comments_on(studio: Studio) -> dict[str, engagement_pb2.Interaction]:
    """Comments on a new post, judged, by text."""
    now = datetime.now(UTC)
    sent = [
        engagement_pb2.Interaction(
            kind=engagement_pb2.INTERACTION_KIND_COMMENT,
            actor_handle=f"actor{hours}",
            text=text,
            interact_time=now - timedelta(hours=hours),
        )
        for hours, text in enumerate((labels.SPAM, labels.PRAISE), 2)
    ]
    return {found.text: found for found in recorded(studio, sent)}


def test_a_live_spam_detector_reads_comments_and_until_then_the_phrases_do(empty: Studio) -> None:
    before = comments_on(empty)
    assert {found.verdict for found in before.values()} == {engagement_pb2.VERDICT_GENUINE}

    labels.send(empty, "SPAM_DETECTOR", labels.comments(200))
    model = empty.train("SPAM_DETECTOR", as_of_time=None)
    assert model.stage == pb.MODEL_STAGE_LIVE, list(model.notes)

    def noticed() -> dict[str, engagement_pb2.Interaction] | None:
        found = comments_on(empty)
        return found if "SPAM_DETECTOR" in {reason.code for reason in found[labels.SPAM].reasons} else None

    after = eventually(noticed)
    assert after[labels.SPAM].verdict == engagement_pb2.VERDICT_BOT
    assert after[labels.PRAISE].verdict == engagement_pb2.VERDICT_GENUINE
