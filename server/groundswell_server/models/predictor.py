"""The interface of a trained model in service: exported outputs, and a card that describes how to interpret them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from groundswell_server.models.predictions import Prediction, Predictions

Outputs = Callable[[NDArray[np.float32]], Sequence[NDArray[Any]]]
"""Maps encoded rows (n, columns) to the outputs of the exported estimators, each (n, 1), (n,) or (n, classes)."""

DEFAULT_LEVEL = 0.95


class Predictor(Protocol):
    """A trained model that answers.

    Predictors are immutable: a model is swapped by replacing one reference. They need NumPy and ONNX Runtime only.
    """

    model_type: str
    sample_count: int
    """Number of examples that the model was trained on."""

    def predict(self, rows: Any, *, level: float = DEFAULT_LEVEL, personas: Sequence[str] = ()) -> Predictions:
        """Predicts for many rows, given as `Rows.features`. `personas` has one entry per row, or is empty."""

    def predict_one(self, row: Any, /, *, level: float = DEFAULT_LEVEL, persona_id: str = "") -> Prediction:
        """Predicts for the subject of one example."""
