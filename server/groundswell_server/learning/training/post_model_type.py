"""The base of model types that learn from posts: their 18 features, and feature importance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.features.post_features import CATEGORY, FEATURES
from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.learning.predictors.post_predictor import PostPredictor
from groundswell_server.learning.training import post_examples
from groundswell_server.learning.training.measured_outcomes import MeasuredOutcomes
from groundswell_server.learning.training.post_importance import (
    effect_calibration,
    impurity,
    permutation,
    ranked_importance,
    shuffle,
)
from groundswell_server.models.example_arrays import MonitoredFeatures
from groundswell_server.models.model_type import Array, Insight, Learned, ModelType, TrainingSettings, TrainingSpan
from groundswell_server.models.outcomes import OutcomeSource
from groundswell_storage.scope import Scope

_MEASURED = MeasuredOutcomes()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostModelType(ModelType[PostRows]):
    """A type that learns from `Example`s."""

    features = FEATURES

    name: str
    title: str
    target: Callable[[PostRows, TrainingSettings], Array]
    """Computes the targets (n,): rates of at least 0, or 0 and 1."""
    outcomes: OutcomeSource = _MEASURED
    minimum_samples: int = 50

    def read_examples(self, scope: Scope, span: TrainingSpan) -> Sequence[Example]:
        return post_examples.read_examples(scope, span)

    def targets(self, rows: PostRows, settings: TrainingSettings) -> Array:
        return self.target(rows, settings)

    def collect(self, examples: Sequence[Example]) -> PostRows:
        return PostRows.of(examples)

    def monitored_features(self, features: Any) -> MonitoredFeatures:
        return MonitoredFeatures(FEATURES, features.values, FEATURES[CATEGORY], features.categories)

    def explain(self, tested: Learned, future: PostRows, targets: Array, served: Learned, random_seed: int) -> Insight:
        """Returns importance by impurity, and by the effect of shuffling each feature on unseen posts."""
        predictor = _post_predictor(tested)
        trees = np.ravel(next(iter(served.estimators.values())).estimators_)
        by_impurity = impurity([tree.feature_importances_ for tree in trees], _post_predictor(served).encoder)
        shuffling = shuffle(
            future.features,
            sorted(predictor.encoder.features),
            lambda rows: predictor.predict(rows).value,
            random_seed,
        )
        unseen = targets[shuffling.rows]
        by_permutation = permutation(shuffling, lambda points: self.errors(unseen, points))
        card = {"effect_calibration": effect_calibration(shuffling, unseen)}
        return Insight(ranked_importance(by_impurity, by_permutation, len(unseen)), card)


def _post_predictor(learned: Learned) -> PostPredictor:
    if not isinstance(learned.predictor, PostPredictor):
        raise TypeError(f"{type(learned.predictor).__name__} does not predict from posts")
    return learned.predictor
