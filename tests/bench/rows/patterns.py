"""AnalyzePatterns: of the posts of a quarter, and of twenty times as many while others call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc.aio

from groundswell.v1 import engagement_pb2, engagement_pb2_grpc, learning_pb2, learning_pb2_grpc
from tests.bench.measure import cpu_seconds
from tests.bench.stage import Stage
from tests.bench.table import REPEATS, Row, milliseconds, within
from tests.learning.calls import world
from tests.processes import Suite

USUAL, MANY = 500, 10_000
QUARTER = timedelta(days=90)
_BATCH = 500


async def pattern_extraction(stage: Stage) -> Sequence[Row]:
    """The first call imports SciPy and reads the captions; those after it remember them."""
    rows: list[Row] = []
    for count in (USUAL, MANY):
        with Suite(f"sqlite:///{stage.folder / f'patterns-{count}.db'}", "--training-workers", "0") as suite:
            async with grpc.aio.insecure_channel(suite.target) as channel:
                engagement = engagement_pb2_grpc.EngagementServiceStub(channel)
                await engagement.ImportPosts(_batches(count))
                analyze = _analysis(learning_pb2_grpc.LearningServiceStub(channel))
                first = await _seconds(analyze())
                if count == USUAL:
                    used = cpu_seconds(suite.process.pid)
                    median = await milliseconds(analyze)
                    used = 1000 * (cpu_seconds(suite.process.pid) - used) / REPEATS
                    row = within(f"pattern extraction: AnalyzePatterns of {USUAL} posts", median, 50)
                    told = f"median of {REPEATS}, of which {used:.0f} ms CPU; the first {first:.1f} s"
                    rows.append(replace(row, yardstick=told))
                else:
                    rows.append(await _beside_others(analyze, engagement, first))
    return rows


async def _beside_others(analyze: Any, engagement: Any, first: float) -> Row:
    """How long the slowest of a hundred small reads waits while many posts are analysed."""
    idle = await _slowest(engagement)
    analysis = asyncio.ensure_future(_seconds(analyze()))
    beside = await _slowest(engagement)
    taken = await analysis
    return Row(
        f"AnalyzePatterns of {MANY:,} posts",
        f"{taken:.1f} s",
        f"the first {first:.1f} s; p99 of reads beside it {beside:.0f} ms, idle {idle:.0f} ms",
        "",
        None,
    )


def _analysis(learning: Any) -> Any:
    request = learning_pb2.AnalyzePatternsRequest(as_of_time=world.stamp(world.FIRST + QUARTER + world.LAST_AGE * 2))
    request.lookback_days = 110
    return lambda: learning.AnalyzePatterns(request)


async def _slowest(engagement: Any) -> float:
    """The 99th of a hundred reads one after the other, milliseconds."""
    taken = []
    for _ in range(100):
        taken.append(1000 * await _seconds(engagement.ListPersonas(engagement_pb2.ListPersonasRequest())))
        await asyncio.sleep(0.005)
    return sorted(taken)[98]


async def _seconds(call: Any) -> float:
    started = time.perf_counter()
    await call
    return time.perf_counter() - started


def _batches(count: int) -> Iterator[engagement_pb2.ImportPostsRequest]:
    """Posts of a quarter, each with a caption of its own."""
    rows = list(world.posts(count, every=QUARTER / count))
    for number, row in enumerate(rows):
        row.caption = f"{row.caption} This is number {number} of the series, made on a day with much light."
    for start in range(0, count, _BATCH):
        yield engagement_pb2.ImportPostsRequest(rows=rows[start : start + _BATCH])
