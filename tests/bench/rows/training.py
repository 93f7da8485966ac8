"""How long training takes, in processor time of one core."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from groundswell_server.learning import model_types
from groundswell_server.learning.features.facts import Example
from groundswell_server.learning.training.model_type import TrainingSettings
from groundswell_server.learning.training.trainer import train
from tests.bench.stage import Stage
from tests.bench.table import Row
from tests.learning.simulated_posts import simulate

TYPES = ("ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER")
LIMITS = {100: 2.0, 50_000: 180.0}
"""Seconds, by number of posts."""


async def training(stage: Stage) -> Sequence[Row]:
    """Training of the two models of posts, on few posts and on many."""
    few = simulate(100, seed=1).examples
    rows = []
    for model_type in TYPES:
        _seconds(model_type, few)  # libraries are loaded once
        for examples in (few, many(50_000)):
            taken, limit = _seconds(model_type, examples), LIMITS[len(examples)]
            work = f"training {model_type} on {len(examples):,} posts"
            rows.append(Row(work, f"{taken:.1f} s", "processor time", f"at most {limit:g} s", taken <= limit))
    return rows


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


def _seconds(model_type: str, examples: list[Example]) -> float:
    start = time.process_time()
    train(model_types.get(model_type), examples, TrainingSettings(success_threshold_pct=3.0))
    return time.process_time() - start
