"""The coverage of intervals over rolling origins, on posts whose distribution is known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.models import model_types
from groundswell_server.models.example_arrays import fold_at
from groundswell_server.models.model_type import TrainingSettings, no_progress
from tests.learning.simulated_posts import simulate

RATES = model_types.get("ENGAGEMENT_PREDICTOR")
HORIZON = 100


def covered(
    origins: tuple[int, ...], seeds: range, **process: float
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each seed and origin: which of the posts that follow were covered, and which were of the noisiest fifth."""
    for seed in seeds:
        simulation = simulate(max(origins) + HORIZON, seed, **process)  # type: ignore[arg-type]
        rows = PostRows.of(simulation.examples)
        for origin in origins:
            fold = fold_at(rows, origin, origin + HORIZON)
            past, future = rows.take(fold.past), rows.take(fold.future)
            learned = RATES.learn(past, past.outcomes, RATES.parameters, TrainingSettings(), no_progress)
            found = learned.predictor.predict(future.features, personas=future.personas)
            inside = (future.outcomes >= found.lower) & (future.outcomes <= found.upper)
            yield inside, simulation.noise[fold.future] >= np.quantile(simulation.noise, 0.8)


def test_intervals_cover_what_they_promise() -> None:
    inside = np.concatenate([inside for inside, _ in covered((150, 300), range(40, 43))])
    assert 0.92 <= inside.mean() <= 0.98  # of 600 posts: two standard errors and what they share


def test_personas_that_were_never_seen_are_covered_too() -> None:
    simulation = simulate(700, seed=21, personas=14)
    rows = PostRows.of(simulation.examples)
    strangers = np.array([persona in {"persona-0", "persona-1", "persona-2"} for persona in rows.personas])
    past, future = rows.take(np.flatnonzero(~strangers)), rows.take(np.flatnonzero(strangers))
    learned = RATES.learn(past, past.outcomes, RATES.parameters, TrainingSettings(), no_progress)
    new = learned.predictor.predict(future.features, personas=future.personas)
    assert np.mean((future.outcomes >= new.lower) & (future.outcomes <= new.upper)) >= 0.9
    as_known = learned.predictor.predict(future.features, personas=[past.personas[0]] * len(future))
    assert np.mean(new.upper - new.lower) > np.mean(as_known.upper - as_known.lower)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("process", "low", "high"),
    [({}, 0.94, 0.96), ({"drift": 0.5}, 0.94, 0.96), ({"growing_noise": 0.8}, 0.93, 0.96)],
    ids=["steady", "drifting", "growing noise"],
)
def test_pooled_over_rolling_origins_coverage_is_as_promised(
    process: dict[str, float], low: float, high: float
) -> None:
    found = list(covered((200, 400, 600), range(10), **process))
    inside, noisy = (np.concatenate(parts) for parts in zip(*found, strict=True))
    assert low <= inside.mean() <= high
    assert inside[noisy].mean() >= 0.90
