"""Serving a classifier: the trees' raw score through the calibration curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.predictors.post_predictor import PostPredictor
from groundswell_server.models.predictions import Prediction, Predictions
from groundswell_server.models.predictor import Outputs
from groundswell_server.models.uncertainty.calibration import Calibration


class ProbabilityPredictor(PostPredictor):
    """Predicts probabilities.

    Their intervals are those of the share of successes among past posts that the model scored about as high, at 95%
    whatever level is asked for.
    """

    def __init__(self, card: Mapping[str, Any], trees: Outputs) -> None:
        super().__init__(card, trees)
        self.threshold_pct: float = card["success_threshold_pct"]
        """The rate from which on a post counts as a success; of models of success."""
        self._calibration = Calibration.from_json(card["calibration"])

    def _read(self, outputs: Sequence[NDArray[Any]], level: float, personas: Sequence[str]) -> Predictions:
        # ONNX knows no classifier with one column: it gives the negative score of failure first.
        score = outputs[0].reshape(len(outputs[0]), -1)[:, -1].astype(np.float64)
        probability = self._calibration.probability(score)
        return Predictions(probability, *self._calibration.interval(score, probability))

    def _read_one(self, outputs: Sequence[float], level: float, persona_id: str) -> Prediction:
        return Prediction(*self._calibration.read_one(outputs[0]))
