"""SUCCESS_CLASSIFIER: whether the engagement rate of a post will reach the threshold of success."""

from __future__ import annotations

from typing import Any

from groundswell_server.learning.features.rows import PostRows
from groundswell_server.learning.training.classification import ProbabilityModelType
from groundswell_server.learning.training.model_type import Array, Parameters, TrainingSettings


def _reaches_threshold(rows: PostRows, settings: TrainingSettings) -> Array:
    return (rows.outcomes >= settings.success_threshold_pct).astype(float)


def _boosting(parameters: Parameters, random_seed: int, jobs: int | None) -> Any:
    # Boosting grows one tree after the other: there is nothing for `jobs` to do.
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(
        n_estimators=parameters["n_estimators"],
        max_depth=parameters["max_depth"],
        learning_rate=parameters["learning_rate"],
        min_samples_leaf=parameters["min_samples_leaf"],
        subsample=parameters["subsample"],
        max_features=parameters["max_features"],
        random_state=random_seed,
    )


MODEL_TYPE = ProbabilityModelType(
    name="SUCCESS_CLASSIFIER",
    title="probability that a post reaches the success threshold",
    algorithm="gradient boosting, calibrated by Platt's curve or isotonic regression",
    target=_reaches_threshold,
    grow=_boosting,
    # Small steps on random halves of posts and features: trees of depth 5 learn a few hundred posts by heart otherwise.
    parameters={
        "n_estimators": 100,
        "max_depth": 5,
        "learning_rate": 0.05,
        "min_samples_leaf": 10,
        "subsample": 0.5,
        "max_features": 0.5,
    },
    grid={"learning_rate": (0.02, 0.05, 0.1), "min_samples_leaf": (5, 10, 20)},
)
