"""Model types of a yes-or-no outcome of posts: gradient boosting with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundswell_server.learning.features.encoder import Encoder
from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.learning.predictors.probability_predictor import ProbabilityPredictor
from groundswell_server.learning.predictors.serving_card import common_card
from groundswell_server.learning.training import post_examples
from groundswell_server.learning.training.post_model_type import PostModelType
from groundswell_server.models.evaluation import metrics
from groundswell_server.models.example_arrays import Fold, forward_folds
from groundswell_server.models.model_type import (
    Array,
    Learned,
    Metrics,
    Parameters,
    Progress,
    TrainingSettings,
    TrainingSpan,
)
from groundswell_server.models.predictor import Outputs
from groundswell_server.models.training.gradient_boosting import (
    ALGORITHM,
    GRID,
    PARAMETERS,
    Boosting,
    trees_of,
    with_both,
)
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbabilityModelType(PostModelType):
    """A type that predicts the probability of an outcome of a post from its 18 features."""

    algorithm = ALGORITHM
    parameters = PARAMETERS
    grid = GRID
    headline_metric = "brier"

    threshold_parameter: str = ""
    """Parameter that stores the success threshold with a version; empty where the target has none."""
    labels: tuple[str, ...] = ()
    positive: str = ""
    read: Callable[[Scope, TrainingSpan], Sequence[Example]] = post_examples.read_examples
    """Reads the posts and their outcomes."""

    def read_examples(self, scope: Scope, span: TrainingSpan) -> Sequence[Example]:
        return self.read(scope, span)

    def learn(
        self, rows: PostRows, targets: Array, parameters: Parameters, settings: TrainingSettings, progress: Progress
    ) -> Learned:
        boosting, encoder = Boosting(parameters, settings), Encoder.fit(rows.features)
        x = encoder.encode(rows.features)
        progress(0.0, "Growing the trees")
        model = boosting.fit(x, targets)
        progress(0.4, "Calibrating on posts unseen by the trees")
        calibration = boosting.calibrate(x, targets, with_both(_calibration_folds(rows), targets))
        card = {
            **common_card(self, rows, encoder),
            "kind": "probability",
            "success_threshold_pct": settings.success_threshold_pct,
            "calibration": calibration.to_json(),
        }
        progress(1.0, "Fitted")
        return Learned({"score": model}, len(encoder.columns), card, self.predictor(card, trees_of(model)))

    def try_out(
        self, past: PostRows, targets: Array, future: PostRows, parameters: Parameters, settings: TrainingSettings
    ) -> Array:
        encoder = Encoder.fit(past.features)
        seen, unseen = encoder.encode(past.features), encoder.encode(future.features)
        return Boosting(parameters, settings).try_out(seen, targets, unseen)

    def errors(self, targets: Array, points: Array) -> Array:
        return np.square(targets - points)

    def measure_points(self, targets: Array, points: Array) -> Metrics:
        return metrics.defined(
            {
                "roc_auc": metrics.roc_auc(targets, points),
                "brier": metrics.brier_score(targets, points),
                "calibration_error": metrics.calibration_error(targets, points),
            }
        )

    def predictor(self, card: Mapping[str, Any], outputs: Outputs) -> ProbabilityPredictor:
        return ProbabilityPredictor(card, outputs)

    def target_parameters(self, settings: TrainingSettings) -> Parameters:
        return {self.threshold_parameter: settings.success_threshold_pct} if self.threshold_parameter else {}


def _calibration_folds(rows: PostRows) -> Sequence[Fold]:
    """Returns folds that score the newest posts by trees grown on earlier ones, as in service.

    In small data the older posts are scored too, by trees grown on the others.
    """
    if len(rows) > 5_000:
        return list(forward_folds(rows, 1, 0.75))
    middle = len(rows) // 2
    older = np.array_split(np.arange(middle), 3)
    return [Fold(np.setdiff1d(np.arange(middle), part), part) for part in older] + list(forward_folds(rows, 3, 0.5))
