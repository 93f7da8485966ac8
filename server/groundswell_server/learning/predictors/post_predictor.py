"""The base of predictors of posts: exported trees, and a card that describes how to interpret them.

NumPy prepares inputs and interprets outputs. The trees are ONNX in service, and scikit-learn's own during evaluation,
so that the evaluation measures the code that serves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.encoder import Encoder
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.post_features import FeatureRows, category, extract, feature_values
from groundswell_server.models.predictions import Prediction, Predictions
from groundswell_server.models.predictor import DEFAULT_LEVEL, Outputs


class PostPredictor(ABC):
    """A predictor of posts."""

    def __init__(self, card: Mapping[str, Any], trees: Outputs) -> None:
        self.model_type: str = card["model_type"]
        self.sample_count: int = card["sample_count"]
        self.encoder = Encoder.from_json(card["encoder"])
        self.seen: Mapping[str, Mapping[float, int]] = {
            feature: {float(value): count for value, count in values} for feature, values in card["seen"].items()
        }
        """Number of training posts by feature that content can change, and by its value."""
        self.effect_calibration: Mapping[str, tuple[float, float]] = {
            feature: (share, error) for feature, (share, error) in card.get("effect_calibration", {}).items()
        }
        """By feature, the share of the model's predicted effects that was real on unseen posts, and its standard
        error."""
        self._trees = trees
        self._trees_of_one: Callable[[Sequence[float]], Sequence[float]] = getattr(trees, "one", self._one_of_many)

    def predict(
        self, rows: Sequence[PostFacts] | FeatureRows, *, level: float = DEFAULT_LEVEL, personas: Sequence[str] = ()
    ) -> Predictions:
        """Predicts for many posts.

        `personas`, one per row, gives well-known personas intervals of their own; without it all personas count as
        unknown.
        """
        if len(rows) == 0:
            return Predictions(np.empty(0), np.empty(0), np.empty(0))
        return self._read(self._run(rows), level, personas)

    def predict_one(self, facts: PostFacts, *, level: float = DEFAULT_LEVEL, persona_id: str = "") -> Prediction:
        """Predicts for one post, without the overhead of `predict`."""
        return self.predict_values(feature_values(facts), category(facts), level=level, persona_id=persona_id)

    def predict_values(
        self, values: Sequence[float], category: str | None, *, level: float = DEFAULT_LEVEL, persona_id: str = ""
    ) -> Prediction:
        """Predicts from features that are extracted already, which several models can share."""
        return self._read_one(self._trees_of_one(self.encoder.encode_one(values, category)), level, persona_id)

    def _run(self, rows: Sequence[PostFacts] | FeatureRows) -> Sequence[NDArray[Any]]:
        features = rows if isinstance(rows, FeatureRows) else extract(rows)
        return self._trees(self.encoder.encode(features).astype(np.float32))

    def _one_of_many(self, row: Sequence[float]) -> Sequence[float]:
        return [output.item(-1) for output in self._trees(np.array([row], dtype=np.float32))]

    @abstractmethod
    def _read(self, outputs: Sequence[NDArray[Any]], level: float, personas: Sequence[str]) -> Predictions:
        """Converts the outputs of the trees to predictions."""

    @abstractmethod
    def _read_one(self, outputs: Sequence[float], level: float, persona_id: str) -> Prediction:
        """Converts the outputs for one row, given as the last number of each."""
