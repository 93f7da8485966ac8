"""Serves a blend of the batch model and its online model.

The prediction of the batch model is moved towards that of the online model by the weight of the latter. Intervals move
with it and keep their width. The probability of reaching a threshold is that of the batch model for the threshold moved
the other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import FeatureRows, extract
from groundswell_server.learning.online.inputs import inputs_of
from groundswell_server.learning.predictors.rate_predictor import Array, RatePredictor
from groundswell_server.models.online import blend
from groundswell_server.models.online.blend import linear_rate
from groundswell_server.models.predictions import Prediction, Predictions
from groundswell_server.models.predictor import DEFAULT_LEVEL
from groundswell_server.models.serving.served_model import ServedModel
from groundswell_storage.learning.online import OnlineModel


class BlendedPredictor(RatePredictor):
    """A batch model blended with a linear model of the square root of its target."""

    def __init__(self, batch: RatePredictor, weights: Mapping[str, float], intercept: float, share: float) -> None:
        """`share` is the weight of the online model in a prediction, 0 to 1."""
        self.__dict__.update(batch.__dict__)
        self._weights = weights
        self._intercept = intercept
        self._share = share

    def predict_values(
        self, values: Sequence[float], category: str | None, *, level: float = DEFAULT_LEVEL, persona_id: str = ""
    ) -> Prediction:
        predicted = super().predict_values(values, category, level=level, persona_id=persona_id)
        return _moved(predicted, self._move(values, category, predicted.value))

    def predict_values_with_probability(
        self, values: Sequence[float], category: str | None, threshold_pct: float, *, persona_id: str = ""
    ) -> tuple[Prediction, float]:
        outputs = self._trees_of_one(self.encoder.encode_one(values, category))
        predicted = self._read_one(outputs, DEFAULT_LEVEL, persona_id)
        move = self._move(values, category, predicted.value)
        return _moved(predicted, move), self._probability_of_one(outputs, max(threshold_pct - move, 0.0))

    def predict(
        self, rows: Sequence[PostFacts] | FeatureRows, *, level: float = DEFAULT_LEVEL, personas: Sequence[str] = ()
    ) -> Predictions:
        features = rows if isinstance(rows, FeatureRows) else extract(rows)
        predicted = super().predict(features, level=level, personas=personas)
        return _all_moved(predicted, self._moves(features, predicted.value))

    def predict_with_probability(
        self,
        rows: Sequence[PostFacts] | FeatureRows,
        threshold_pct: float,
        *,
        level: float = DEFAULT_LEVEL,
        personas: Sequence[str] = (),
    ) -> tuple[Predictions, Array]:
        features = rows if isinstance(rows, FeatureRows) else extract(rows)
        outputs = self._run(features)
        predicted = self._read(outputs, level, personas)
        moves = self._moves(features, predicted.value)
        return _all_moved(predicted, moves), self._probability(outputs, np.maximum(threshold_pct - moves, 0.0))

    def _move(self, values: Sequence[float], category: str | None, predicted: float) -> float:
        return self._share * (linear_rate(self._weights, self._intercept, inputs_of(values, category)) - predicted)

    def _moves(self, rows: FeatureRows, predicted: Array) -> Array:
        given = zip(rows.values.tolist(), rows.categories, predicted.tolist(), strict=True)
        return np.array([self._move(*one) for one in given], dtype=np.float64)


def _moved(predicted: Prediction, move: float) -> Prediction:
    return Prediction(
        max(predicted.value + move, 0.0), max(predicted.lower + move, 0.0), max(predicted.upper + move, 0.0)
    )


def _all_moved(predicted: Predictions, moves: Array) -> Predictions:
    return Predictions(*(np.maximum(ends + moves, 0.0) for ends in (predicted.value, predicted.lower, predicted.upper)))


def with_online_model(served: ServedModel, online: OnlineModel | None) -> ServedModel:
    """Returns the version with adapted intervals, blended with its online model where that has a weight."""
    batch = served.predictor
    if online is None or online.model_id != served.model_id or not isinstance(batch, RatePredictor):
        return served
    adapted = batch.with_alpha(online.alpha)
    share = blend.weight(online)
    if share == 0.0:
        return replace(served, predictor=adapted)
    blended = BlendedPredictor(adapted, online.weights, online.intercept, share)
    return replace(served, predictor=blended, online_label=f"ONLINE_MODEL/{online.learned_count}")
