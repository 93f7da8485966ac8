"""Every method of the blended predictor moves the batch prediction by the weight of the online model."""

from __future__ import annotations

import numpy as np
import pytest

from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.learning.online.blended_predictor import BlendedPredictor
from groundswell_server.learning.online.inputs import inputs_of
from groundswell_server.learning.predictors.rate_predictor import RatePredictor
from groundswell_server.models.model_files import load_predictor
from groundswell_server.models.online.blend import linear_rate
from groundswell_server.models.training.trainer import TrainedModel
from tests.learning.simulated_posts import Simulation

WEIGHTS = {"hour_sin": 0.4, "media_type=4": 0.5, "category=product": -0.2, "log_followers": 1.0}
INTERCEPT, SHARE = 1.2, 0.3


@pytest.fixture
def batch(trained_rates: TrainedModel) -> RatePredictor:
    found = load_predictor(trained_rates.files.onnx, trained_rates.files.card)
    assert isinstance(found, RatePredictor)
    return found


def test_it_is_moved_towards_the_twin_and_keeps_its_width(batch: RatePredictor, simulation: Simulation) -> None:
    blended = BlendedPredictor(batch, WEIGHTS, INTERCEPT, SHARE)
    for example in simulation.examples[:20]:
        said, alone = blended.predict_one(example.facts), batch.predict_one(example.facts)
        inputs = inputs_of(feature_values(example.facts), category(example.facts))
        twin = linear_rate(WEIGHTS, INTERCEPT, inputs)
        assert said.value == pytest.approx((1 - SHARE) * alone.value + SHARE * twin)
        assert said.upper - said.value == pytest.approx(alone.upper - alone.value)
        assert said.lower >= 0.0


def test_many_rows_are_as_one_row_each(batch: RatePredictor, simulation: Simulation) -> None:
    blended = BlendedPredictor(batch, WEIGHTS, INTERCEPT, SHARE)
    posts = [example.facts for example in simulation.examples[:30]]
    many, chances = blended.predict_with_probability(posts, 4.0)
    np.testing.assert_array_equal(many.value, blended.predict(posts).value)
    for place, facts in enumerate(posts):
        one, chance = blended.predict_values_with_probability(feature_values(facts), category(facts), 4.0)
        assert one == pytest.approx(many.one(place), rel=1e-5)
        assert chance == pytest.approx(chances[place], abs=1e-4)


def test_a_twin_that_expects_more_makes_success_likelier(batch: RatePredictor, simulation: Simulation) -> None:
    facts = simulation.examples[0].facts
    values, name = feature_values(facts), category(facts)
    chances = [
        BlendedPredictor(batch, {}, intercept, 0.5).predict_values_with_probability(values, name, 5.0)[1]
        for intercept in (0.0, 4.0)
    ]
    alone = batch.predict_values_with_probability(values, name, 5.0)[1]
    assert chances[0] < alone < chances[1]
