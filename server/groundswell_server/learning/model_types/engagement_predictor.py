"""ENGAGEMENT_PREDICTOR: the engagement rate of a post at the target age."""

from __future__ import annotations

from typing import Any

from groundswell_server.learning.training.rate_model_type import RateModelType
from groundswell_server.models.model_type import Parameters


def _forest(parameters: Parameters, random_seed: int, jobs: int | None) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(
        n_estimators=parameters["n_estimators"],
        max_depth=parameters["max_depth"],
        min_samples_leaf=parameters["min_samples_leaf"],
        max_features=parameters["max_features"],
        oob_score=True,
        random_state=random_seed,
        n_jobs=jobs,
    )


MODEL_TYPE = RateModelType(
    name="ENGAGEMENT_PREDICTOR",
    title="engagement rate of a post, percent",
    algorithm="random forest regression on the root of the rate, with conformal intervals",
    target=lambda rows, _settings: rows.outcomes,
    grow=_forest,
    # Rates are noisy: leaves of several posts, and half of the features per split, lower the error.
    parameters={
        "n_estimators": 100,
        "max_depth": 10,
        "min_samples_leaf": 3,
        "max_features": 0.5,
        "target_scale": "sqrt",
    },
    grid={
        "min_samples_leaf": (1, 3, 8),
        "max_features": (0.33, 0.5, 1.0),
        "target_scale": ("identity", "sqrt", "log1p"),
    },
)
