"""Predictor of rates: the prediction plus or minus a conformal multiple of the learned scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import FeatureRows
from groundswell_server.learning.predictors.post_predictor import PostPredictor
from groundswell_server.models.predictions import Prediction, Predictions
from groundswell_server.models.predictor import DEFAULT_LEVEL, Outputs
from groundswell_server.models.uncertainty.conformal import Conformal

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TargetScale:
    """The scale on which rates are learnt. Rates and the ends of their intervals are at least 0."""

    forward: Callable[[Array], Array]
    forward_one: Callable[[float], float]
    back: Callable[[Array], Array]
    """The inverse, for values of 0 or more."""
    back_one: Callable[[float], float]


TARGET_SCALES: Mapping[str, TargetScale] = {
    "identity": TargetScale(lambda rate: rate, lambda rate: rate, lambda value: value, lambda value: value),
    # Rates are counts over a base: the square root makes their variance about equal everywhere, in any unit.
    "sqrt": TargetScale(np.sqrt, math.sqrt, np.square, lambda value: value * value),
    "log1p": TargetScale(np.log1p, math.log1p, np.expm1, math.expm1),
}


class RatePredictor(PostPredictor):
    """Predicts rates in percent.

    The prediction is near the median, not the mean: on the scale of the square root, large outliers weigh less.
    """

    def __init__(self, card: Mapping[str, Any], trees: Outputs) -> None:
        super().__init__(card, trees)
        self.conformal = self._trained = Conformal.from_json(card["conformal"])
        self._floor: float = card["scale_floor"]
        self._target_scale = TARGET_SCALES[card["target_scale"]]
        self._multiples: dict[tuple[float, str], float] = {}
        self.outcomes: Array = np.array(card["outcomes"], dtype=np.float64)
        """Quantiles of the training rates, ascending and evenly spaced."""

    def predict_with_probability(
        self,
        rows: Sequence[PostFacts] | FeatureRows,
        threshold_pct: float,
        *,
        level: float = DEFAULT_LEVEL,
        personas: Sequence[str] = (),
    ) -> tuple[Predictions, Array]:
        """Returns predictions, and the probability (n,) that each rate reaches a threshold.

        The probability is the share of past errors that were large enough; both directions count as equally likely.
        """
        outputs = self._run(rows)
        return self._read(outputs, level, personas), self._probability(outputs, np.array([threshold_pct]))

    def predict_values_with_probability(
        self, values: Sequence[float], category: str | None, threshold_pct: float, *, persona_id: str = ""
    ) -> tuple[Prediction, float]:
        """Returns prediction and probability for the extracted features of one post, without NumPy's overhead."""
        outputs = self._trees_of_one(self.encoder.encode_one(values, category))
        return self._read_one(outputs, DEFAULT_LEVEL, persona_id), self._probability_of_one(outputs, threshold_pct)

    def with_alpha(self, alpha: float | None) -> RatePredictor:
        """Returns a copy with the alpha that was adapted to live outcomes; None means the alpha as trained."""
        conformal = self._trained if alpha is None else self._trained.with_alpha(alpha)
        adapted = object.__new__(RatePredictor)
        adapted.__dict__.update(self.__dict__, conformal=conformal, _multiples={})
        return adapted

    def _probability(self, outputs: Sequence[NDArray[Any]], thresholds_pct: Array) -> Array:
        """Returns the probabilities of reaching thresholds, one for all rows or one each."""
        middle = outputs[0].reshape(-1).astype(np.float64)
        scale = np.maximum(outputs[1].reshape(-1).astype(np.float64), self._floor)
        needed = (self._target_scale.forward(thresholds_pct) - middle) / scale
        beyond = 0.5 * self.conformal.known.beyond(np.abs(needed))
        return np.where(needed > 0.0, beyond, 1.0 - beyond)

    def _probability_of_one(self, outputs: Sequence[float], threshold_pct: float) -> float:
        middle, scale = outputs
        needed = (self._target_scale.forward_one(threshold_pct) - middle) / max(scale, self._floor)
        beyond = 0.5 * self.conformal.known.beyond_one(abs(needed))
        return beyond if needed > 0.0 else 1.0 - beyond

    def _read(self, outputs: Sequence[NDArray[Any]], level: float, personas: Sequence[str]) -> Predictions:
        middle = outputs[0].reshape(-1).astype(np.float64)
        scale = np.maximum(outputs[1].reshape(-1).astype(np.float64), self._floor)
        multiples = [self._multiple(level, persona) for persona in personas] if personas else self._multiple(level, "")
        reach = scale * multiples
        back = self._target_scale.back
        return Predictions(
            back(np.maximum(middle, 0.0)), back(np.maximum(middle - reach, 0.0)), back(np.maximum(middle + reach, 0.0))
        )

    def _read_one(self, outputs: Sequence[float], level: float, persona_id: str) -> Prediction:
        middle, scale = outputs
        reach = max(scale, self._floor) * self._multiple(level, persona_id)
        back = self._target_scale.back_one
        return Prediction(back(max(middle, 0.0)), back(max(middle - reach, 0.0)), back(max(middle + reach, 0.0)))

    def _multiple(self, level: float, persona_id: str) -> float:
        # Most personas share a quantile: one entry for all of them bounds the cache by the model, not by its callers.
        conformal = self.conformal
        key = level, persona_id if persona_id in conformal.own else "" if persona_id in conformal.personas else "?"
        multiple = self._multiples.get(key)
        if multiple is None:
            if len(self._multiples) > 10_000:
                self._multiples.clear()
            multiple = self._multiples[key] = conformal.multiple(level, persona_id)
        return multiple
