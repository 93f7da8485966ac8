"""How long training takes, on one core: kept apart, because other work on the machine counts as well."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from groundswell_server.learning import model_types
from groundswell_server.learning.features.facts import Example
from groundswell_server.learning.training.model_type import TrainingSettings
from groundswell_server.learning.training.trainer import train
from tests.learning.simulated_posts import simulate

TYPES = ["ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER"]


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


def seconds(model_type: str, examples: list[Example]) -> float:
    """Processor time of one run."""
    start = time.process_time()
    train(model_types.get(model_type), examples, TrainingSettings(success_threshold_pct=3.0))
    return time.process_time() - start


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("model_type", TYPES)
def test_training_keeps_to_its_time(model_type: str) -> None:
    few = simulate(100, seed=1).examples
    seconds(model_type, few)  # libraries are loaded once
    assert seconds(model_type, few) < 2.0
    assert seconds(model_type, many(50_000)) < 180.0
