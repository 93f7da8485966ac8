"""The rows: each a piece of work, its yardstick and its target, from the specification's table."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc.aio
import httpx
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from groundswell.v1 import common_pb2, engagement_pb2, engagement_pb2_grpc, learning_pb2, learning_pb2_grpc
from tests.bench import echo
from tests.bench.measure import Comparison, Subject, compare, resident_mb
from tests.bench.stage import Stage
from tests.processes import Suite

BATCH = 1000
REPEATS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    work: str
    measured: str
    yardstick: str
    target: str
    met: bool | None
    """None where this machine can't tell."""


Measure = Callable[[Stage], Awaitable[Sequence[Row]]]


async def score_content(stage: Stage) -> Sequence[Row]:
    """ScoreContent of drafts and contexts against the echo call."""
    async with _stubs(stage) as (engagement, learning, echoed):
        pid = stage.suite.process.pid
        persona_id = await _persona(engagement)
        draft = _draft(persona_id)
        by_draft = learning_pb2.ScoreContentRequest(draft=draft)
        cached = learning_pb2.ScoreContentRequest(context_id=await _context(engagement, persona_id))
        fresh = await _contexts(engagement, persona_id, 9000)
        subjects = [
            (Subject("a draft", lambda: learning.ScoreContent(by_draft), pid), 2.2),
            (Subject("a cached context", lambda: learning.ScoreContent(cached), pid), 2.2),
            (
                Subject(
                    "a context read from the database",
                    lambda: learning.ScoreContent(learning_pb2.ScoreContentRequest(context_id=fresh.pop())),
                    pid,
                    calls=1000,
                ),
                2.8,
            ),
        ]
        return [_in_echoes(f"ScoreContent, {s.name}", await compare(s, echoed), limit) for s, limit in subjects]


async def score_content_against_peer(stage: Stage) -> Sequence[Row]:
    """ScoreContent against FastAPI and scikit-learn."""
    address, peer_pid = stage.peer
    async with _stubs(stage) as (engagement, learning, _), httpx.AsyncClient(base_url=address) as http:
        request = learning_pb2.ScoreContentRequest(draft=_draft(await _persona(engagement)))
        body = {"caption": "New colours are in. Which one is yours?", "publish_time": "2026-01-05T18:00:00Z"}
        ours = Subject("ScoreContent", lambda: learning.ScoreContent(request), stage.suite.process.pid, calls=1000)
        theirs = Subject("FastAPI", lambda: http.post("/score", json=body), peer_pid, calls=100)
        cost = await compare(theirs, ours)
    return [
        Row(
            "ScoreContent against FastAPI and scikit-learn",
            f"{cost.ratio:.0f} times the throughput",
            f"{cost.subject_us:.0f} us there, {cost.yardstick_us:.0f} us here",
            "at least 10 times",
            cost.ratio >= 10,
        )
    ]


async def batch_score_content(stage: Stage) -> Sequence[Row]:
    """BatchScoreContent of 1,000 drafts with intervals."""
    async with _stubs(stage) as (engagement, learning, echoed):
        persona_id = await _persona(engagement)
        drafts = [_draft(persona_id, hour=number % 24, hashtags=number % 12) for number in range(BATCH)]
        request = learning_pb2.BatchScoreContentRequest(
            requests=[learning_pb2.ScoreContentRequest(draft=draft) for draft in drafts]
        )
        pid = stage.suite.process.pid
        subject = Subject("batch", lambda: learning.BatchScoreContent(request), pid, calls=16, units=BATCH)
        cost = await compare(subject, echoed)
    rate = 1e6 / cost.subject_us
    return [
        Row(
            "BatchScoreContent of 1,000, with intervals",
            f"{rate:,.0f} scores a second a core",
            f"{cost.subject_us:.1f} us a score, an echo call {cost.yardstick_us:.0f} us",
            "at least 25,000",
            rate >= 25_000,
        )
    ]


async def latencies(stage: Stage) -> Sequence[Row]:
    """What takes its time: optimizing, updating a context, filtering a post."""
    async with _stubs(stage) as (engagement, learning, _):
        persona_id = await _persona(engagement)
        optimize = learning_pb2.OptimizeContentRequest(draft=_draft(persona_id))
        post = await _post(engagement, persona_id)
        counts = iter(range(1, 10_000))

        async def update() -> None:
            metrics = engagement_pb2.Metrics(likes=next(counts), comments=3, reach=90_000)
            await engagement.RecordMetrics(engagement_pb2.RecordMetricsRequest(post_id=post.id, metrics=metrics))

        async def filter_post() -> None:
            fresh = await _post(engagement, persona_id)
            started = time.perf_counter()
            await engagement.RecordInteractions(iter([_interactions(fresh.id)]))
            filtering.append((time.perf_counter() - started) * 1000)

        filtering: list[float] = []
        optimizing = await _milliseconds(lambda: learning.OptimizeContent(optimize))
        updating = await _milliseconds(update)
        await _milliseconds(filter_post)
    return [
        _within("OptimizeContent", optimizing, 200),
        _within("context update: RecordMetrics, durable", updating, 5),
        _within("bot filtering of a post, 87 comments, durable", sorted(filtering)[len(filtering) // 2], 10),
    ]


async def start_and_memory(stage: Stage) -> Sequence[Row]:
    """From start to the first answer, and what an idle server holds."""
    seconds: list[float] = []
    memory = 0.0
    for _ in range(5):
        started = time.perf_counter()
        with Suite(f"sqlite:///{stage.folder / 'start.db'}", "--training-workers", "0") as suite:
            async with grpc.aio.insecure_channel(suite.target) as channel:
                stub = engagement_pb2_grpc.EngagementServiceStub(channel)
                await stub.ListPersonas(engagement_pb2.ListPersonasRequest())
            seconds.append(time.perf_counter() - started)
            memory = resident_mb(suite.process.pid)
    best = min(seconds)
    return [
        Row("start to first answer", f"{best:.2f} s", "best of 5", "at most 0.5 s", best <= 0.5),
        Row("memory of an idle server", f"{memory:.0f} MB", "", "at most 120 MB", memory <= 120),
    ]


ALL: tuple[Measure, ...] = (
    score_content,
    score_content_against_peer,
    batch_score_content,
    latencies,
    start_and_memory,
)


@asynccontextmanager
async def _stubs(stage: Stage) -> AsyncIterator[tuple[Any, Any, Subject]]:
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


def _in_echoes(work: str, cost: Comparison, limit: float) -> Row:
    return Row(
        work,
        f"{cost.ratio:.2f} echo calls ({cost.spread[0]:.2f} to {cost.spread[1]:.2f})",
        f"{cost.subject_us:.0f} us, an echo call {cost.yardstick_us:.0f} us",
        f"at most {limit}",
        cost.ratio <= limit,
    )


def _within(work: str, milliseconds: float, limit: float) -> Row:
    return Row(work, f"{milliseconds:.1f} ms", f"median of {REPEATS}", f"at most {limit:g} ms", milliseconds <= limit)


async def _milliseconds(call: Callable[[], Awaitable[object]]) -> float:
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[len(taken) // 2]


async def _persona(engagement: Any) -> str:
    """The persona of the imported posts."""
    listed = await engagement.ListPersonas(engagement_pb2.ListPersonasRequest())
    return str(listed.personas[0].id)


async def _context(engagement: Any, persona_id: str) -> str:
    request = engagement_pb2.StartContextRequest(persona_id=persona_id, phase="TEXT_GENERATION")
    request.input.update(
        {"prompt": "a caption", "caption": "New colours are in.", "platform": "FACEBOOK", "media_type": "IMAGE"}
    )
    return str((await engagement.StartContext(request)).context.id)


async def _contexts(engagement: Any, persona_id: str, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        found += await asyncio.gather(*(_context(engagement, persona_id) for _ in range(64)))
    return found


async def _post(engagement: Any, persona_id: str) -> Any:
    request = engagement_pb2.CreatePostRequest(
        persona_id=persona_id,
        context_id=await _context(engagement, persona_id),
        platform=common_pb2.PLATFORM_FACEBOOK,
        platform_post_id=f"bench-{time.perf_counter_ns()}",
        publish_time=Timestamp(seconds=int(time.time()) - 3600),
    )
    return (await engagement.CreatePost(request)).post


def _interactions(post_id: str) -> engagement_pb2.RecordInteractionsRequest:
    now = int(time.time())
    return engagement_pb2.RecordInteractionsRequest(
        post_id=post_id,
        interactions=[
            engagement_pb2.Interaction(
                kind=engagement_pb2.INTERACTION_KIND_COMMENT,
                actor_handle=f"reader{number}",
                text=f"I have waited for number {number}, and here it is" if number % 5 else "check my profile",
                interact_time=Timestamp(seconds=now - 1800 + number * 7),
            )
            for number in range(87)
        ],
    )


def _draft(persona_id: str, *, hour: int = 18, hashtags: int = 3) -> learning_pb2.ContentDraft:
    return learning_pb2.ContentDraft(
        persona_id=persona_id,
        platform=common_pb2.PLATFORM_FACEBOOK,
        media_type=common_pb2.MEDIA_TYPE_IMAGE,
        category="2",
        caption="New colours are in. Which one is yours?",
        hashtags=[f"tag{number}" for number in range(hashtags)],
        publish_time=Timestamp(seconds=1_767_225_600 + hour * 3600),
    )
