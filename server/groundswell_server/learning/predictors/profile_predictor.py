"""Predictor of accounts: the raw score of the trees, mapped by the calibration curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.features.profile_features import ProfileEncoder, profile_rows
from groundswell_server.models.predictions import Prediction, Predictions
from groundswell_server.models.predictor import DEFAULT_LEVEL, Outputs
from groundswell_server.models.uncertainty.calibration import Calibration


class ProfilePredictor:
    """Predicts the probability that an account is a bot.

    Its interval is that of the share of bots among past accounts with a similar score, at 95%.
    """

    def __init__(self, card: Mapping[str, Any], trees: Outputs) -> None:
        self.model_type: str = card["model_type"]
        self.sample_count: int = card["sample_count"]
        self.encoder = ProfileEncoder.from_json(card["encoder"])
        self._calibration = Calibration.from_json(card["calibration"])
        self._trees = trees

    def predict(
        self,
        rows: Sequence[ProfileFacts] | NDArray[np.float64],
        *,
        level: float = DEFAULT_LEVEL,
        personas: Sequence[str] = (),
    ) -> Predictions:
        """Returns probabilities (n,) with their intervals."""
        if len(rows) == 0:
            return Predictions(np.empty(0), np.empty(0), np.empty(0))
        features = rows if isinstance(rows, np.ndarray) else profile_rows(rows)
        output = self._trees(self.encoder.encode(features).astype(np.float32))[0]
        # ONNX has no classifier with one column: the first one is the negated score of the other class.
        score = output.reshape(len(output), -1)[:, -1].astype(np.float64)
        probability = self._calibration.probability(score)
        return Predictions(probability, *self._calibration.interval(score, probability))

    def predict_one(self, row: ProfileFacts, /, *, level: float = DEFAULT_LEVEL, persona_id: str = "") -> Prediction:
        """Predicts for one account."""
        return self.predict([row]).one(0)
