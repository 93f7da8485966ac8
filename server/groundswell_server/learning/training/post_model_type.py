"""What all types of models of posts have in common: their 18 features, and what can be said of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from groundswell_server.learning.features.post_facts import Example
from groundswell_server.learning.features.post_features import FEATURES
from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.learning.predictors.post_predictor import PostPredictor
from groundswell_server.learning.training import post_examples as dataset
from groundswell_server.learning.training.post_examples import Span
from groundswell_server.learning.training.post_importance import combine, holds, impurity, permutation, shuffle
from groundswell_server.models.model_type import Array, Insight, Learned, ModelType, TrainingSettings
from groundswell_storage.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class PostModelType(ModelType[PostRows]):
    """A type that learns from `Example`s."""

    features = FEATURES

    name: str
    title: str
    target: Callable[[PostRows, TrainingSettings], Array]
    """What is to be predicted, (n,): a rate, not below 0, or 1 where the post did something and else 0."""
    minimum_samples: int = 50

    def read_examples(self, scope: Scope, span: Span) -> Sequence[Example]:
        return dataset.read_examples(scope, span)

    def targets(self, rows: PostRows, settings: TrainingSettings) -> Array:
        return self.target(rows, settings)

    def collect(self, examples: Sequence[Example]) -> PostRows:
        return PostRows.of(examples)

    def explain(self, tested: Learned, future: PostRows, targets: Array, served: Learned, random_seed: int) -> Insight:
        """By impurity, and by what shuffling each feature does to predictions of unseen posts."""
        predictor = _of_posts(tested)
        trees = np.ravel(next(iter(served.estimators.values())).estimators_)
        by_impurity = impurity([tree.feature_importances_ for tree in trees], _of_posts(served).encoder)
        shuffling = shuffle(
            future.features,
            sorted(predictor.encoder.features),
            lambda rows: predictor.predict(rows).value,
            random_seed,
        )
        unseen = targets[shuffling.rows]
        by_permutation = permutation(shuffling, lambda points: self.errors(unseen, points))
        return Insight(combine(by_impurity, by_permutation, len(unseen)), {"holds": holds(shuffling, unseen)})


def _of_posts(learned: Learned) -> PostPredictor:
    if not isinstance(learned.predictor, PostPredictor):
        raise TypeError("not a model of posts")
    return learned.predictor
