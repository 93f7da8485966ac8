"""Models that several tests use, trained once."""

from __future__ import annotations

import pytest

from groundswell_server.models import model_types
from groundswell_server.models.model_type import TrainingSettings
from groundswell_server.models.training.trainer import TrainedModel, train
from tests.learning import facebook
from tests.learning.simulated_posts import Simulation, simulate


@pytest.fixture(scope="session")
def simulation() -> Simulation:
    return simulate(400, seed=11)


@pytest.fixture(scope="session")
def trained_rates(simulation: Simulation) -> TrainedModel:
    return train(model_types.get("ENGAGEMENT_PREDICTOR"), simulation.examples, TrainingSettings())


@pytest.fixture(scope="session")
def trained_success(simulation: Simulation) -> TrainedModel:
    settings = TrainingSettings(success_threshold_pct=3.0)
    return train(model_types.get("SUCCESS_CLASSIFIER"), simulation.examples, settings)


@pytest.fixture(scope="session")
def trained_on_facebook() -> TrainedModel:
    return train(model_types.get("ENGAGEMENT_PREDICTOR"), facebook.read_examples(), TrainingSettings())
