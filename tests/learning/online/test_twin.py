"""The twin learns from one outcome after the other, follows where the world goes, and is its weights."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.features.post_features import category, feature_values
from groundswell_server.learning.online.inputs import inputs_of
from groundswell_server.learning.online.reading import rate_of
from groundswell_server.models.online.online_model import Twin
from tests.learning.simulated_posts import simulate


def errors(twin: Twin, examples: Sequence[Example], factor: float = 1.0) -> np.ndarray:
    """Absolute errors of what it said of each before it learnt from it."""
    found = []
    for example in examples:
        values, name, rate = feature_values(example.facts), category(example.facts), factor * example.outcome
        found.append(abs(twin.predict(values, name) - rate))
        twin.learn(values, name, rate)
    return np.array(found)


def test_it_does_better_than_the_mean_of_all_posts_before() -> None:
    examples = simulate(500, seed=3).examples
    found = errors(Twin({}, 0.0), examples)
    outcomes = np.array([example.outcome for example in examples])
    means = np.cumsum(outcomes)[:-1] / np.arange(1, len(outcomes))
    assert found[250:].mean() < 0.9 * np.abs(outcomes[1:] - means)[249:].mean()


def test_it_follows_when_the_world_changes() -> None:
    examples = simulate(400, seed=4).examples
    twin = Twin({}, 0.0)
    errors(twin, examples[:200])
    stuck = Twin(twin.weights, twin.intercept)
    behind = [
        abs(stuck.predict(feature_values(one.facts), category(one.facts)) - 3.0 * one.outcome) for one in examples[300:]
    ]
    after = errors(twin, examples[200:], factor=3.0)
    assert after[100:].mean() < 0.8 * np.mean(behind)


def test_it_is_its_weights() -> None:
    examples = simulate(60, seed=5).examples
    twin = Twin({}, 0.0)
    errors(twin, examples[:50])
    again = Twin(json.loads(json.dumps(twin.weights)), twin.intercept)
    np.testing.assert_array_equal(errors(again, examples[50:]), errors(twin, examples[50:]))


def test_what_serving_reads_is_what_river_says() -> None:
    examples = simulate(60, seed=6).examples
    twin = Twin({}, 0.0)
    errors(twin, examples[:50])
    inputs = inputs_of(feature_values(examples[50].facts), category(examples[50].facts))
    root = twin._model.predict_one(inputs)
    assert rate_of(twin.weights, twin.intercept, inputs) == pytest.approx(max(root, 0.0) ** 2)


def test_one_odd_outcome_does_not_undo_what_many_taught() -> None:
    examples = simulate(300, seed=7).examples
    twin = Twin({}, 0.0)
    errors(twin, examples[:200])
    facts = examples[200].facts
    before = twin.predict(feature_values(facts), category(facts))
    twin.learn(feature_values(facts), category(facts), 100.0)
    assert twin.predict(feature_values(facts), category(facts)) < 2.5 * before + 1.0


def test_categories_beyond_the_first_32_have_no_weight() -> None:
    values, twin = feature_values(simulate(1, seed=8).examples[0].facts), Twin({}, 0.0)
    for number in range(40):
        twin.learn(values, f"category {number}", 4.0)
    assert sum(name.startswith("category=") for name in twin.weights) == 32


def test_an_unknown_feature_is_a_flag() -> None:
    unknown = inputs_of([float("nan")] * 18, None)
    assert unknown["hour?"] == unknown["media_type?"] == 1.0
    assert len(unknown) == 17
