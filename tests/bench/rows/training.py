"""How long training takes, in processor time of one core."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice
from typing import Any

from groundswell_server.learning import model_types
from groundswell_server.learning.features.facts import Example
from groundswell_server.learning.features.labelled import LabelledExample
from groundswell_server.learning.training.model_type import TrainingSettings
from groundswell_server.learning.training.trainer import train
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.learning import labelled
from tests.learning.simulated_posts import simulate

LIMITS = {100: 2.0, 50_000: 180.0}
"""Seconds, by number of examples."""


async def training(stage: Stage) -> Sequence[Row]:
    """Training of each algorithm, on few examples and on many."""
    rows = []
    for model_type, make in EXAMPLES.items():
        _seconds(model_type, make(100))  # libraries are loaded once
        for count, limit in LIMITS.items():
            taken = _seconds(model_type, make(count))
            work = f"training {model_type} on {count:,} {model_types.get(model_type).noun}"
            rows.append(Row(work, f"{taken:.1f} s", "processor time", f"at most {limit:g} s", taken <= limit))
    return rows


def posts(count: int) -> list[Example]:
    """Simulated posts."""
    return many(count) if count > 5_000 else simulate(count, seed=1).examples


def comments(count: int) -> list[LabelledExample]:
    """Real comments, many times over with words of their own."""
    real = [comment for video in labelled.VIDEOS for comment in labelled.comments(video)]
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
                facts=one.facts._replace(published_time=(one.facts.published_time or one.known_time) + shift),
                known_time=one.known_time + shift,
                outcome=one.outcome * (1 + 0.01 * number),
            )
            for one in base
        ]
    return copies


def _seconds(model_type: str, examples: Sequence[Any]) -> float:
    start = time.process_time()
    train(model_types.get(model_type), examples, TrainingSettings(success_threshold_pct=3.0))
    return time.process_time() - start
