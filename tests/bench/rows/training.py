"""How long training takes, in processor time of one core, and what other calls feel of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice
from typing import Any

from groundswell import Client
from groundswell_server.learning.features.labelled_rows import LabelledExample
from groundswell_server.learning.features.post_facts import Example
from groundswell_server.models import model_types
from groundswell_server.models.model_type import TrainingSettings
from groundswell_server.models.training.trainer import TrainedModel, train
from tests.bench.measure import unpinned
from tests.bench.stage import Stage, teach
from tests.bench.table import Row
from tests.learning import labelled
from tests.learning.simulated_posts import simulate
from tests.processes import Suite
from tests.video_comments import VIDEOS

LIMITS = {100: 2.0, 50_000: 180.0}
"""Seconds, by number of examples."""
LARGEST_MB = 100
CALLS = 5_000
"""With fewer the 99th percentile varies by a third from run to run."""


async def training(stage: Stage) -> Sequence[Row]:
    """Training of each algorithm, on few examples and on many."""
    rows = []
    for model_type, make in EXAMPLES.items():
        _train(model_type, make(100))  # libraries are loaded once
        for count, limit in LIMITS.items():
            examples = make(count)
            start = time.process_time()
            files = _train(model_type, examples).files
            taken = time.process_time() - start
            largest = max(len(file.content) for file in (files.onnx, files.card, files.estimator)) / 1e6
            rows.append(
                Row(
                    f"training {model_type} on {count:,} {model_types.get(model_type).noun}",
                    f"{taken:.1f} s",
                    f"processor time; largest artifact {largest:.1f} MB, at most {LARGEST_MB}",
                    f"at most {limit:g} s",
                    taken <= limit and largest <= LARGEST_MB,
                )
            )
    return rows


async def calls_while_training(stage: Stage) -> Sequence[Row]:
    """The slowest of other calls while a worker trains on 10,000 texts, against an idle suite."""
    with unpinned(), Suite(f"sqlite:///{stage.folder / 'training.db'}") as suite, Client(suite.target) as client:
        teach(client)
        examples = comments(10_000)
        batches = (examples[start : start + 1_000] for start in range(0, len(examples), 1_000))
        client.learning.add_training_examples(map(_batch, batches), timeout=300)
        idle = _p99_ms(client, lambda: True)
        operation = client.learning.train_model(model_type="SPAM_DETECTOR")
        busy = _p99_ms(client, lambda: not operation.done())
        operation.result(timeout=600)
    return [
        Row(
            "p99 of calls while a worker trains",
            f"{busy / idle:.1f} times",
            f"{idle:.1f} ms before it",
            "at most 3 times",
            busy <= 3 * idle,
        )
    ]


def _p99_ms(client: Client, going_on: Callable[[], bool]) -> float:
    """99th percentile of the time of calls that score a draft, one after the other; at least `CALLS` of them."""
    taken: list[float] = []
    while len(taken) < CALLS or (going_on() and len(taken) < 10 * CALLS):
        for _ in range(100):
            start = time.perf_counter()
            client.learning.score_content(draft={"platform": "INSTAGRAM", "caption": "New on the shelf"})
            taken.append(time.perf_counter() - start)
    return 1000 * statistics.quantiles(taken, n=100)[98]


def _batch(examples: Sequence[LabelledExample]) -> dict[str, Any]:
    rows = [
        {"client_id": one.subject[-40:], "label": one.label, "group": one.group, "text": one.subject}
        for one in examples
    ]
    return {"model_type": "SPAM_DETECTOR", "examples": rows}


def posts(count: int) -> list[Example]:
    """Simulated posts."""
    return many(count) if count > 5_000 else simulate(count, seed=1).examples


def comments(count: int) -> list[LabelledExample]:
    """Real comments, many times over with words of their own."""
    real = [comment for video in VIDEOS for comment in labelled.comments(video)]
    return [
        replace(one, subject=f"{one.subject} number{number} {number % 7919}", group=f"{one.group} {number % 90}")
        for number, one in enumerate(islice(cycle(real), count))
    ]


EXAMPLES: Mapping[str, Callable[[int], Sequence[Any]]] = {
    "ENGAGEMENT_PREDICTOR": posts,
    "SUCCESS_CLASSIFIER": posts,
    "SPAM_DETECTOR": comments,
    "BOT_DETECTOR": labelled.profiles,
}
"""What each type is trained on; the other types have the algorithm of one of these."""


def many(count: int) -> list[Example]:
    """The simulation with later copies of itself, slightly changed: 50,000 posts would take long to simulate."""
    base = simulate(5_000, seed=1, personas=40).examples
    copies = []
    for number in range(count // len(base)):
        shift = timedelta(days=3_000 * number)
        copies += [
            replace(
                one,
                facts=one.facts._replace(publish_time=(one.facts.publish_time or one.known_time) + shift),
                known_time=one.known_time + shift,
                outcome=one.outcome * (1 + 0.01 * number),
            )
            for one in base
        ]
    return copies


def _train(model_type: str, examples: Sequence[Any]) -> TrainedModel:
    return train(model_types.get(model_type), examples, TrainingSettings(success_threshold_pct=3.0))
