"""Learning whether a post will do something: gradient boosting, and a calibration that makes scores probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.encoder import Encoder
from groundswell_server.learning.features.extraction import FEATURES
from groundswell_server.learning.features.facts import Example
from groundswell_server.learning.features.rows import Fold, PostRows, forward_folds
from groundswell_server.learning.prediction.card import common_card
from groundswell_server.learning.prediction.predictor import Trees
from groundswell_server.learning.prediction.probability_predictor import ProbabilityPredictor
from groundswell_server.learning.training import dataset, metrics
from groundswell_server.learning.training.dataset import Span
from groundswell_server.learning.training.model_type import (
    Array,
    Figures,
    Grower,
    Learned,
    Parameters,
    Progress,
    TrainingSettings,
)
from groundswell_server.learning.training.post_model_type import PostModelType
from groundswell_server.learning.training.unseen import unseen_scores, with_both
from groundswell_server.learning.uncertainty.calibration import calibrate
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True)
class ProbabilityModelType(PostModelType):
    """A type that predicts the probability that a post does something, from its 18 features."""

    name: str
    title: str
    algorithm: str
    target: Callable[[PostRows, TrainingSettings], Array]
    """What is to be predicted, (n,): 1 where the post did it, else 0."""
    grow: Grower
    """A classifier with a `decision_function`."""
    parameters: Parameters
    grid: Mapping[str, Sequence[Any]]
    minimum_samples: int = 50
    features: tuple[str, ...] = FEATURES
    headline_metric: str = "brier"
    labels: tuple[str, ...] = ()
    positive: str = ""
    forgets: bool = True
    read: Callable[[Scope, Span], Sequence[Example]] = dataset.read_examples
    """Where the posts are, and what came of them."""

    def read_examples(self, scope: Scope, span: Span) -> Sequence[Example]:
        return self.read(scope, span)

    def targets(self, rows: PostRows, settings: TrainingSettings) -> Array:
        return self.target(rows, settings)

    def learn(
        self, rows: PostRows, targets: Array, parameters: Parameters, settings: TrainingSettings, progress: Progress
    ) -> Learned:
        encoder = Encoder.fit(rows.features)
        x = encoder.encode(rows.features)
        progress(0.0, "Growing the trees")
        model = self._fit(x, targets, parameters, settings)
        progress(0.4, "Calibrating on posts the trees had not seen")
        scores, successes = self._unseen_scores(rows, x, targets, parameters, settings)
        card = {
            **common_card(self, rows, encoder),
            "kind": "probability",
            "success_threshold_pct": settings.success_threshold_pct,
            "calibration": calibrate(scores, successes).to_json(),
        }
        progress(1.0, "Fitted")

        def trees(rows: NDArray[np.float32]) -> Sequence[NDArray[Any]]:
            return (model.decision_function(rows),)

        return Learned({"score": model}, len(encoder.columns), card, self.predictor(card, trees))

    def try_out(
        self, past: PostRows, targets: Array, future: PostRows, parameters: Parameters, settings: TrainingSettings
    ) -> Array:
        if targets.min() == targets.max():
            return np.full(len(future), float(targets.mean()))
        encoder = Encoder.fit(past.features)
        model = self._fit(encoder.encode(past.features), targets, parameters, settings)
        probabilities: Array = model.predict_proba(encoder.encode(future.features))[:, 1]
        return probabilities

    def errors(self, targets: Array, points: Array) -> Array:
        return np.square(targets - points)

    def measure_points(self, targets: Array, points: Array) -> Figures:
        return metrics.defined(
            {
                "roc_auc": metrics.roc_auc(targets, points),
                "brier": metrics.brier_score(targets, points),
                "calibration_error": metrics.calibration_error(targets, points),
            }
        )

    def predictor(self, card: Mapping[str, Any], trees: Trees) -> ProbabilityPredictor:
        return ProbabilityPredictor(card, trees)

    def _fit(self, x: Array, targets: Array, parameters: Parameters, settings: TrainingSettings) -> Any:
        return self.grow(parameters, settings.random_seed, settings.jobs).fit(x, targets.astype(np.int64))

    def _unseen_scores(
        self, rows: PostRows, x: Array, targets: Array, parameters: Parameters, settings: TrainingSettings
    ) -> tuple[Array, Array]:
        """Raw scores (m,) of posts by trees that had not seen them, and what came of these posts (m,).

        The newest posts are scored by trees grown on earlier ones, as in service. Where data is small the older ones
        count too, scored by trees grown on the rest.
        """
        fit = partial(self._fit, parameters=parameters, settings=settings)
        return unseen_scores(fit, with_both(_calibration_folds(rows), targets), x, targets)


def _calibration_folds(rows: PostRows) -> Sequence[Fold]:
    if len(rows) > 5_000:
        return list(forward_folds(rows, 1, 0.75))
    middle = len(rows) // 2
    older = np.array_split(np.arange(middle), 3)
    return [Fold(np.setdiff1d(np.arange(middle), part), part) for part in older] + list(forward_folds(rows, 3, 0.5))
