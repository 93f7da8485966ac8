"""The online model learns from single outcomes, follows changes, and is restored from its weights."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from groundswell_server.learning.features.post_facts import Example, PostFacts
from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.learning.online.inputs import inputs_of
from groundswell_server.models.online.blend import linear_rate
from groundswell_server.models.online.online_model import OnlineRateModel
from tests.learning.simulated_posts import simulate


def inputs_from(facts: PostFacts) -> dict[str, float]:
    return inputs_of(feature_values(facts), category(facts))


def errors(model: OnlineRateModel, examples: Sequence[Example], factor: float = 1.0) -> np.ndarray:
    """Absolute errors of what it said of each before it learnt from it."""
    found = []
    for example in examples:
        inputs, rate = inputs_from(example.facts), factor * example.outcome
        found.append(abs(model.predict(inputs) - rate))
        model.learn(inputs, rate)
    return np.array(found)


def test_it_does_better_than_the_mean_of_all_posts_before() -> None:
    examples = simulate(500, seed=3).examples
    found = errors(OnlineRateModel({}, 0.0), examples)
    outcomes = np.array([example.outcome for example in examples])
    means = np.cumsum(outcomes)[:-1] / np.arange(1, len(outcomes))
    assert found[250:].mean() < 0.9 * np.abs(outcomes[1:] - means)[249:].mean()


def test_it_follows_when_the_world_changes() -> None:
    examples = simulate(400, seed=4).examples
    model = OnlineRateModel({}, 0.0)
    errors(model, examples[:200])
    stuck = OnlineRateModel(model.weights, model.intercept)
    behind = [abs(stuck.predict(inputs_from(one.facts)) - 3.0 * one.outcome) for one in examples[300:]]
    after = errors(model, examples[200:], factor=3.0)
    assert after[100:].mean() < 0.8 * np.mean(behind)


def test_it_is_its_weights() -> None:
    examples = simulate(60, seed=5).examples
    model = OnlineRateModel({}, 0.0)
    errors(model, examples[:50])
    again = OnlineRateModel(json.loads(json.dumps(model.weights)), model.intercept)
    np.testing.assert_array_equal(errors(again, examples[50:]), errors(model, examples[50:]))


def test_what_serving_reads_is_what_river_says() -> None:
    examples = simulate(60, seed=6).examples
    model = OnlineRateModel({}, 0.0)
    errors(model, examples[:50])
    inputs = inputs_of(feature_values(examples[50].facts), category(examples[50].facts))
    root = model._model.predict_one(inputs)
    assert linear_rate(model.weights, model.intercept, inputs) == pytest.approx(max(root, 0.0) ** 2)


def test_one_odd_outcome_does_not_undo_what_many_taught() -> None:
    examples = simulate(300, seed=7).examples
    model = OnlineRateModel({}, 0.0)
    errors(model, examples[:200])
    facts = examples[200].facts
    before = model.predict(inputs_from(facts))
    model.learn(inputs_from(facts), 100.0)
    assert model.predict(inputs_from(facts)) < 2.5 * before + 1.0


def test_categories_beyond_the_first_32_have_no_weight() -> None:
    values, model = feature_values(simulate(1, seed=8).examples[0].facts), OnlineRateModel({}, 0.0)
    for number in range(40):
        model.learn(inputs_of(values, f"category {number}"), 4.0)
    assert sum(name.startswith("category=") for name in model.weights) == 32


def test_an_unknown_feature_is_a_flag() -> None:
    unknown = inputs_of([float("nan")] * 18, None)
    assert unknown["hour?"] == unknown["media_type?"] == 1.0
    assert len(unknown) == 17
