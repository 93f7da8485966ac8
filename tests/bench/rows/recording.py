"""What recording costs: the update of a context by metrics, the filtering of a post."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from groundswell.v1 import engagement_pb2
from tests.bench import requests
from tests.bench.stage import Stage
from tests.bench.table import Row, milliseconds, within


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
    """RecordInteractions of 87 comments on a new post."""
    async with requests.stubs(stage) as (engagement, _, _):
        persona_id = await requests.persona(engagement)
        filtering: list[float] = []

        async def filter_post() -> None:
            fresh = await requests.post(engagement, persona_id)
            started = time.perf_counter()
            await engagement.RecordInteractions(iter([requests.interactions(fresh.id)]))
            filtering.append((time.perf_counter() - started) * 1000)

        await milliseconds(filter_post)
    return [within("bot filtering of a post, 87 comments, durable", statistics.median(filtering), 10)]
