"""Predictor of probabilities: the raw score of the trees, mapped by the calibration curve."""

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

    An interval is that of the share of successes among past posts with a similar score, at 95% for any requested level.
    """

    def __init__(self, card: Mapping[str, Any], trees: Outputs) -> None:
        super().__init__(card, trees)
        self.threshold_pct: float = card["success_threshold_pct"]
        """Rate at or above which a post is a success, for models of success."""
        self._calibration = Calibration.from_json(card["calibration"])

    def _read(self, outputs: Sequence[NDArray[Any]], level: float, personas: Sequence[str]) -> Predictions:
        # ONNX has no classifier with one column: the first one is the negated score of the other class.
        score = outputs[0].reshape(len(outputs[0]), -1)[:, -1].astype(np.float64)
        probability = self._calibration.probability(score)
        return Predictions(probability, *self._calibration.interval(score, probability))

    def _read_one(self, outputs: Sequence[float], level: float, persona_id: str) -> Prediction:
        return Prediction(*self._calibration.read_one(outputs[0]))
