"""A simulated world: personas whose posts do better in the evening, with video, and with a question."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from google.protobuf.timestamp_pb2 import Timestamp

from groundswell.v1 import common_pb2, engagement_pb2, learning_pb2, learning_pb2_grpc
from groundswell_server.jobs import execution
from groundswell_server.jobs.lease import Lease
from groundswell_server.jobs.peer_loop import PeerLoop
from groundswell_server.jobs.registry import Registry
from groundswell_storage.jobs import leases
from tests.running import RunningServer

FIRST = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""When the first post went out, a Monday."""
DAY = timedelta(days=1)
LAST_AGE = 7 * DAY
"""Age at which each post was measured: the target age."""
MEDIA = (common_pb2.MEDIA_TYPE_IMAGE, common_pb2.MEDIA_TYPE_VIDEO, common_pb2.MEDIA_TYPE_LINK)
CAPTIONS = "What do you think of the morning light?", "Three drops and a smile.", "New in: the serum for dry days."
CATEGORIES = "product", "action", "inspiration"


def posts(
    count: int, *, persona: str = "Luna", first: datetime = FIRST, every: timedelta = timedelta(hours=14), seed: int = 0
) -> Iterator[engagement_pb2.ImportedPost]:
    """Posts on Instagram, measured once at the target age, oldest first."""
    random = Random(f"{persona} {seed}")
    for number in range(count):
        published = first + number * every
        media, caption = random.choice(MEDIA), random.choice(CAPTIONS)
        expected = 2.0 + 3.0 * (published.hour >= 17) + 2.0 * (media == common_pb2.MEDIA_TYPE_VIDEO)
        rate = max(expected + 1.5 * ("?" in caption) + random.gauss(0.0, 0.6), 0.1)
        yield engagement_pb2.ImportedPost(
            line=number + 1,
            persona_name=persona,
            platform=common_pb2.PLATFORM_INSTAGRAM,
            platform_post_id=f"{persona}-{seed}-{number}",
            category=random.choice(CATEGORIES),
            caption=caption,
            hashtags=[f"tag{tag}" for tag in range(random.randrange(12))],
            media_type=media,
            publish_time=stamp(published),
            metrics=engagement_pb2.Metrics(reach=10_000, likes=math.floor(rate * 100)),
            fetch_time=stamp(published + LAST_AGE),
            follower_count=5_000 + number,
        )


def stamp(moment: datetime) -> Timestamp:
    """A moment on the wire."""
    result = Timestamp()
    result.FromDatetime(moment)
    return result


def after(count: int, *, first: datetime = FIRST, every: timedelta = timedelta(hours=14)) -> datetime:
    """A moment at which all of so many posts were measured."""
    return first + count * every + LAST_AGE


def work(server: RunningServer) -> int:
    """Does what waits for a worker, as a worker would; returns how many jobs that were."""
    database, registry, done = server.app.database, Registry(), 0
    database.bind()
    length = timedelta(minutes=5)
    with PeerLoop(server.settings, database) as asking:
        while True:
            with database.transaction():
                claimed = leases.claim(database, length)
            if claimed is None:
                return done
            execution.run(
                Lease(database, claimed, length), registry.find(claimed.kind), database, server.settings, asking
            )
            done += 1


def trained(
    server: RunningServer, stub: learning_pb2_grpc.LearningServiceStub, request: learning_pb2.TrainModelRequest
) -> learning_pb2.Model:
    """The model that a training run makes; the run has to succeed."""
    name = stub.TrainModel(request).operation.name
    work(server)
    with server.app.database.scope("") as scope:
        found = scope.database.execute(
            "SELECT state, response, error_message FROM operation WHERE id = ?", (name.removeprefix("operations/"),)
        ).fetchone()
    assert found[0] == "SUCCEEDED", found
    return learning_pb2.Model.FromString(bytes(found[1]))
