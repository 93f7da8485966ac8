"""ScoreContent, BatchScoreContent and OptimizeContent."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

import httpx
import numpy as np

from groundswell.v1 import learning_pb2
from groundswell_server.models import model_types
from groundswell_server.models.model_files import load_estimator, load_predictor
from groundswell_server.models.model_type import TrainingSettings
from groundswell_server.models.training.trainer import train
from tests.bench import requests
from tests.bench.measure import Subject, compare
from tests.bench.stage import Stage
from tests.bench.table import Row, in_echoes, milliseconds, within
from tests.learning.simulated_posts import simulate

BATCH = 1000


async def score_content(stage: Stage) -> Sequence[Row]:
    """ScoreContent of drafts and contexts against the echo call."""
    async with requests.stubs(stage) as (engagement, learning, echoed):
        pid = stage.suite.process.pid
        persona_id = await requests.persona(engagement)
        draft = requests.draft(persona_id)
        by_draft = learning_pb2.ScoreContentRequest(draft=draft)
        cached = learning_pb2.ScoreContentRequest(context_id=await requests.context(engagement, persona_id))
        fresh = await requests.contexts(engagement, persona_id, 9000)
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
        return [in_echoes(f"ScoreContent, {s.name}", await compare(s, echoed), limit) for s, limit in subjects]


async def score_content_against_peer(stage: Stage) -> Sequence[Row]:
    """ScoreContent against FastAPI and scikit-learn."""
    address, peer_pid = stage.peer
    async with requests.stubs(stage) as (engagement, learning, _), httpx.AsyncClient(base_url=address) as http:
        request = learning_pb2.ScoreContentRequest(draft=requests.draft(await requests.persona(engagement)))
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


async def predict_one_row(stage: Stage) -> Sequence[Row]:
    """One prediction with its interval against scikit-learn's own predict of one row, both in this process."""
    examples = simulate(500, seed=1).examples
    trained = train(model_types.get("ENGAGEMENT_PREDICTOR"), examples, TrainingSettings())
    forest = next(iter(load_estimator(trained.files.estimator).values()))
    served = load_predictor(trained.files.onnx, trained.files.card)
    facts, row = examples[0].facts, np.zeros((1, forest.n_features_in_), np.float32)
    ours, theirs = [], []
    for _ in range(7):
        ours.append(_microseconds(lambda: served.predict_one(facts), 2000))
        theirs.append(_microseconds(lambda: forest.predict(row), 40))
    ratio = statistics.median(their / our for our, their in zip(ours, theirs, strict=True))
    return [
        Row(
            "a prediction with its interval, in process",
            f"{ratio:.0f} times as fast",
            f"{statistics.median(ours):.0f} us, scikit-learn {statistics.median(theirs):.0f} us",
            "at least 50 times",
            ratio >= 50,
        )
    ]


def _microseconds(work: Callable[[], object], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - start) / repeats * 1e6


async def batch_score_content(stage: Stage) -> Sequence[Row]:
    """BatchScoreContent of 1,000 drafts with intervals."""
    async with requests.stubs(stage) as (engagement, learning, echoed):
        persona_id = await requests.persona(engagement)
        drafts = [requests.draft(persona_id, hour=number % 24, hashtags=number % 12) for number in range(BATCH)]
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


async def optimize_content(stage: Stage) -> Sequence[Row]:
    """OptimizeContent: every change tried on the model."""
    async with requests.stubs(stage) as (engagement, learning, _):
        request = learning_pb2.OptimizeContentRequest(draft=requests.draft(await requests.persona(engagement)))
        return [within("OptimizeContent", await milliseconds(lambda: learning.OptimizeContent(request)), 200)]
