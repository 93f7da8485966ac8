"""Model types are one module each, and train, export and predict as declared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import groundswell_server
from groundswell_server.models import model_types
from groundswell_server.models.model_files import load_predictor
from groundswell_server.models.model_type import TrainingSettings
from groundswell_server.models.training.trainer import train
from tests.learning.simulated_posts import simulate

A_NEW_TYPE = '''
"""SAVES_PREDICTOR: a made-up type, to show what it takes."""

from dataclasses import replace

from groundswell_server.learning.model_types.engagement_predictor import MODEL_TYPE as RATES

MODEL_TYPE = replace(RATES, name="SAVES_PREDICTOR", title="half the rate", target=lambda rows, _: rows.outcomes / 2)
'''


@pytest.fixture
def folder_of_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The `model_types` folder of an area that this test alone has."""
    folder = tmp_path / "toys/model_types"
    folder.mkdir(parents=True)
    for package in (folder.parent, folder):
        (package / "__init__.py").touch()
    monkeypatch.setattr(groundswell_server, "__path__", [*groundswell_server.__path__, str(tmp_path)])
    model_types.all_model_types.cache_clear()
    yield folder
    model_types.all_model_types.cache_clear()
    for name in [name for name in sys.modules if name.startswith("groundswell_server.toys")]:
        del sys.modules[name]


def test_the_types_of_the_contract_are_there() -> None:
    found = model_types.all_model_types()
    assert {"ENGAGEMENT_PREDICTOR", "SUCCESS_CLASSIFIER"} <= set(found)
    for name, model_type in found.items():
        assert model_type.name == name
        assert model_type.title
        assert model_type.algorithm
        assert set(model_type.grid) <= set(model_type.parameters)


def test_the_algorithms_are_those_of_the_specification() -> None:
    rates, success = model_types.get("ENGAGEMENT_PREDICTOR"), model_types.get("SUCCESS_CLASSIFIER")
    assert (rates.parameters["n_estimators"], rates.parameters["max_depth"]) == (100, 10)
    assert (success.parameters["n_estimators"], success.parameters["max_depth"]) == (100, 5)
    assert (rates.minimum_samples, success.minimum_samples) == (50, 50)
    assert (rates.headline_metric, success.headline_metric) == ("mae", "brier")


def test_a_type_is_added_by_adding_a_file(folder_of_types: Path) -> None:
    (folder_of_types / "saves_predictor.py").write_text(A_NEW_TYPE)
    added = model_types.get("SAVES_PREDICTOR")
    trained = train(added, simulate(60, seed=1).examples, TrainingSettings())
    assert trained.model_type == "SAVES_PREDICTOR"
    assert trained.report.test["mae"] < 5


def test_an_unknown_type_is_no_type() -> None:
    with pytest.raises(KeyError):
        model_types.get("CRYSTAL_BALL")


A_TYPE_OF_TEXTS = '''
"""LENGTH_GUESSER: learns from texts, to show that types need not learn from posts."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from groundswell_server.models.model_type import Learned, ModelType
from groundswell_server.models.predictions import Prediction, Predictions


@dataclass(frozen=True)
class Texts:
    features: list
    outcomes: np.ndarray
    publish_time: np.ndarray

    @property
    def known(self):
        return self.publish_time

    @property
    def personas(self):
        return ("",) * len(self.features)

    @property
    def span(self):
        return datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)

    def __len__(self):
        return len(self.features)

    def take(self, rows):
        return Texts([self.features[row] for row in rows], self.outcomes[rows], self.publish_time[rows])


class Guesser:
    model_type = "LENGTH_GUESSER"

    def __init__(self, card, outputs):
        self.sample_count, self.outputs = card["sample_count"], outputs

    def predict(self, rows, *, level=0.95, personas=()):
        value = self.outputs(numbers(rows).astype(np.float32))[0].reshape(-1)
        return Predictions(value, value, value)

    def predict_one(self, row, *, level=0.95, persona_id=""):
        return Prediction(*[self.predict([row]).value.item()] * 3)


def numbers(texts):
    return np.array([[float(len(text)), float(text.count(" "))] for text in texts])


class LengthGuesser(ModelType):
    name, title, algorithm = "LENGTH_GUESSER", "a number that texts have", "linear regression"
    features, headline_metric, minimum_samples = ("length", "spaces"), "mae", 30
    parameters, grid = {}, {}

    def read_examples(self, scope, span):
        return []

    def collect(self, examples):
        texts, outcomes = zip(*examples, strict=True)
        return Texts(list(texts), np.array(outcomes, dtype=float), np.arange(len(texts)))

    def targets(self, rows, settings):
        return rows.outcomes

    def learn(self, rows, targets, parameters, settings, progress):
        from sklearn.linear_model import LinearRegression

        model = LinearRegression().fit(numbers(rows.features), targets)
        card = {"model_type": self.name, "sample_count": len(rows)}
        return Learned({"line": model}, 2, card, self.predictor(card, lambda x: [model.predict(x)]))

    def try_out(self, past, targets, future, parameters, settings):
        return self.learn(past, targets, parameters, settings, None).predictor.predict(future.features).value

    def errors(self, targets, points):
        return np.abs(targets - points)

    def measure_points(self, targets, points):
        return {"mae": float(self.errors(targets, points).mean())}

    def predictor(self, card, trees):
        return Guesser(card, trees)


MODEL_TYPE = LengthGuesser()
'''


def test_a_type_that_learns_from_something_else_is_one_file_too(folder_of_types: Path) -> None:
    (folder_of_types / "length_guesser.py").write_text(A_TYPE_OF_TEXTS)
    texts = [f"{'word ' * (number % 17)}end of {number}" for number in range(100)]
    examples = [(text, 2.0 * len(text) + number % 3) for number, text in enumerate(texts)]
    trained = train(model_types.get("LENGTH_GUESSER"), examples, TrainingSettings())
    assert trained.report.beats_baselines
    served = load_predictor(trained.files.onnx, trained.files.card)
    assert served.predict_one("a text of some length").value == pytest.approx(2 * 21 + 1, abs=1.0)
