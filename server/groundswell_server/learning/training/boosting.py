"""Gradient boosting as all classifiers of the suite grow it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from groundswell_server.learning.training.model_type import Parameters

PARAMETERS: Final[Parameters] = {
    "n_estimators": 100,
    "max_depth": 5,
    "learning_rate": 0.05,
    "min_samples_leaf": 10,
    "subsample": 0.5,
    "max_features": 0.5,
}
"""Small steps on random halves of rows and features: trees of depth 5 learn a few hundred rows by heart otherwise."""

GRID: Final[Mapping[str, Sequence[Any]]] = {"learning_rate": (0.02, 0.05, 0.1), "min_samples_leaf": (5, 10, 20)}


def grow_boosting(parameters: Parameters, random_seed: int, jobs: int | None) -> Any:
    """An unfitted classifier. It grows one tree after the other: there is nothing for `jobs` to do."""
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
