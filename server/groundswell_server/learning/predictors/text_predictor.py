"""Predictor of texts: TF-IDF in NumPy, and the exported regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from groundswell_server.learning.features.tf_idf import Vectorizer
from groundswell_server.models.predictions import Prediction, Predictions
from groundswell_server.models.predictor import DEFAULT_LEVEL, Outputs

_AT_ONCE: Final = 128
"""Number of texts encoded together, which takes some ten megabytes."""


class TextPredictor:
    """Predicts the probability of each label that the model was shown, without intervals."""

    def __init__(self, card: Mapping[str, Any], outputs: Outputs) -> None:
        self.model_type: str = card["model_type"]
        self.sample_count: int = card["sample_count"]
        self.classes: tuple[str, ...] = tuple(card["classes"])
        """The labels, in the order of the probabilities."""
        self._vectorizer = Vectorizer.from_json(card["vectorizer"])
        self._outputs = outputs

    def predict(
        self, rows: Sequence[str], *, level: float = DEFAULT_LEVEL, personas: Sequence[str] = ()
    ) -> Predictions:
        """Returns probabilities (n, labels); each row sums to 1."""
        parts = [np.empty((0, len(self.classes)))]
        for start in range(0, len(rows), _AT_ONCE):
            encoded = self._vectorizer.encode(rows[start : start + _AT_ONCE])
            parts.append(np.asarray(self._outputs(encoded)[0], dtype=np.float64))
        found = np.concatenate(parts)
        return Predictions(found, found, found)

    def predict_one(self, row: str, /, *, level: float = DEFAULT_LEVEL, persona_id: str = "") -> Prediction:
        """Returns the probability of the likeliest label."""
        best = float(self.predict([row]).value.max())
        return Prediction(best, best, best)
