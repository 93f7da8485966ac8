"""What recording costs: the update of a context by metrics, the filtering of a post."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from groundswell.v1 import engagement_pb2
from groundswell_server.engagement import messages
from groundswell_server.engagement.bot_detection.co_occurrence import find_co_occurrence
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch, PostFacts
from groundswell_server.engagement.bot_detection.layer_pipeline import judge
from groundswell_server.engagement.bot_detection.persona_layer import PersonaRegister
from groundswell_storage.engagement.enums import Platform
from tests.bench import requests
from tests.bench.measure import cpu_seconds
from tests.bench.stage import Stage
from tests.bench.table import REPEATS, Row, milliseconds, within
from tests.engagement.defaults import FILTER

EARLIER_POSTS, READERS = 40, 2_000
WARM_UP = 10


async def context_update(stage: Stage) -> Sequence[Row]:
    """RecordMetrics, which updates the context in the same transaction."""
    async with requests.stubs(stage) as (engagement, _, _):
        post = await requests.post(engagement, await requests.persona(engagement))
        counts = iter(range(1, 10_000))

        async def update() -> None:
            metrics = engagement_pb2.Metrics(likes=next(counts), comments=3, reach=90_000)
            await engagement.RecordMetrics(engagement_pb2.RecordMetricsRequest(post_id=post.id, metrics=metrics))

        return [within("context update: RecordMetrics, durable", await milliseconds(update), 5)]


async def bot_filtering(stage: Stage) -> Sequence[Row]:
    """RecordInteractions of 87 comments on a new post: received, read, masked, judged, kept, committed, answered."""
    taken, used = [], []
    async with requests.stubs(stage) as (engagement, _, _):
        persona_id = await requests.persona(engagement)
        pid = stage.suite.process.pid
        for _ in range(WARM_UP + REPEATS):
            fresh = await requests.post(engagement, persona_id)
            request = requests.interactions(fresh.id)
            before, started = cpu_seconds(pid), time.perf_counter()
            await engagement.RecordInteractions(iter([request]))
            taken.append((time.perf_counter() - started) * 1000)
            used.append((cpu_seconds(pid) - before) * 1000)
    call = within("bot filtering of a post: RecordInteractions, 87 different comments, durable", _usual(taken), 10)
    told = f"median of {REPEATS}, of which {_usual(used):.1f} ms CPU of the server"
    return [_filter_alone(), replace(call, yardstick=told)]


def _filter_alone() -> Row:
    """The five layers over 87 comments, in this process: no call, no sentiment, no masking, no database."""
    published = datetime.now(UTC) - timedelta(hours=1)
    chance = random.Random(1)
    posts = {f"earlier-{number}": number * 3_600_000_000 for number in range(EARLIER_POSTS)}
    came = [
        (f"reader{reader}", post, start + chance.randrange(3_600_000_000))
        for post, start in posts.items()
        for reader in chance.sample(range(READERS), 87)
    ]
    register = PersonaRegister([(Platform.FACEBOOK, "ava.everyday")])
    used = []
    for number in range(WARM_UP + REPEATS):
        rows = messages.new_interactions(requests.interactions(f"post-{number}"))
        here = {row.actor_handle for row in rows}
        visits = [visit for visit in came if visit[0] in here]
        started = time.process_time()
        batch = InteractionBatch.from_columns(
            ["post"] * len(rows),
            [row.actor_handle for row in rows],
            [row.kind for row in rows],
            [row.occurred_us for row in rows],
            [row.text for row in rows],
        )
        co_occurrence = find_co_occurrence(visits, dict.fromkeys(posts, 87))
        facts = {"post": PostFacts(Platform.FACEBOOK, published)}
        judge(batch, facts, register, FILTER, co_occurrence=co_occurrence)
        used.append((time.process_time() - started) * 1000)
    row = within("the bot filter alone: five layers over 87 different comments, in process", _usual(used), 10)
    return replace(row, yardstick=f"CPU, {row.yardstick}")


def _usual(measured: Sequence[float]) -> float:
    """Returns the median of the values after the warm-up."""
    return statistics.median(measured[WARM_UP:])
