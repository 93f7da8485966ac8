"""What the rows ask for: stubs on the servers of the stage, and the messages that are sent to them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from groundswell.v1 import common_pb2, engagement_pb2, engagement_pb2_grpc, learning_pb2, learning_pb2_grpc
from tests.bench import echo
from tests.bench.measure import Subject
from tests.bench.stage import Stage
from tests.video_comments import texts_by_spam

COMMENTS = texts_by_spam("psy")


@asynccontextmanager
async def stubs(stage: Stage) -> AsyncIterator[tuple[Any, Any, Subject]]:
    """Stubs of Engagement and Learning, and the echo call to compare with."""
    suite, (address, pid) = stage.suite, stage.echo
    async with grpc.aio.insecure_channel(suite.target) as channel, grpc.aio.insecure_channel(address) as echo_channel:
        call = echo_channel.unary_unary(
            echo.PATH, request_serializer=StringValue.SerializeToString, response_deserializer=StringValue.FromString
        )
        message = StringValue(value="groundswell")
        yield (
            engagement_pb2_grpc.EngagementServiceStub(channel),
            learning_pb2_grpc.LearningServiceStub(channel),
            Subject("echo", lambda: call(message), pid),
        )


async def persona(engagement: Any) -> str:
    """The persona of the imported posts."""
    listed = await engagement.ListPersonas(engagement_pb2.ListPersonasRequest())
    return str(listed.personas[0].id)


async def context(engagement: Any, persona_id: str) -> str:
    """A new context of that persona."""
    request = engagement_pb2.StartContextRequest(persona_id=persona_id, phase="TEXT_GENERATION")
    request.input.update(
        {"prompt": "a caption", "caption": "New colours are in.", "platform": "FACEBOOK", "media_type": "IMAGE"}
    )
    return str((await engagement.StartContext(request)).context.id)


async def contexts(engagement: Any, persona_id: str, count: int) -> list[str]:
    """That many new contexts, and a few more."""
    found: list[str] = []
    while len(found) < count:
        found += await asyncio.gather(*(context(engagement, persona_id) for _ in range(64)))
    return found


async def post(engagement: Any, persona_id: str) -> Any:
    """A post of an hour ago."""
    request = engagement_pb2.CreatePostRequest(
        persona_id=persona_id,
        context_id=await context(engagement, persona_id),
        platform=common_pb2.PLATFORM_FACEBOOK,
        platform_post_id=f"bench-{time.perf_counter_ns()}",
        publish_time=Timestamp(seconds=int(time.time()) - 3600),
    )
    return (await engagement.CreatePost(request)).post


def interactions(post_id: str) -> engagement_pb2.RecordInteractionsRequest:
    """87 comments by 87 of 2,000 readers: a fifth are spam as it was written, the others hold what people wrote."""
    now = int(time.time())
    chance = random.Random(post_id)
    readers = chance.sample(range(2000), 87)
    return engagement_pb2.RecordInteractionsRequest(
        post_id=post_id,
        interactions=[
            engagement_pb2.Interaction(
                kind=engagement_pb2.INTERACTION_KIND_COMMENT,
                actor_handle=f"reader{reader}",
                text=_comment(chance, spam=number % 5 == 0),
                interact_time=Timestamp(seconds=now - 1800 + number * 7),
            )
            for number, reader in enumerate(readers)
        ],
    )


def _comment(chance: random.Random, *, spam: bool) -> str:
    """A comment; people's words come in another order each time, so that their comments are all different."""
    text = chance.choice(COMMENTS[spam])
    words = text.split()
    return text if spam else " ".join(chance.sample(words, len(words)))


def draft(persona_id: str, *, hour: int = 18, hashtags: int = 3) -> learning_pb2.ContentDraft:
    """A photo with a caption, not posted yet."""
    return learning_pb2.ContentDraft(
        persona_id=persona_id,
        platform=common_pb2.PLATFORM_FACEBOOK,
        media_type=common_pb2.MEDIA_TYPE_IMAGE,
        category="2",
        caption="New colours are in. Which one is yours?",
        hashtags=[f"tag{number}" for number in range(hashtags)],
        publish_time=Timestamp(seconds=1_767_225_600 + hour * 3600),
    )
