"""Gradient boosting for classifiers: fitting, trial fits, and calibration on unseen examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from groundswell_server.models.example_arrays import Fold
from groundswell_server.models.model_type import Array, Parameters, TrainingSettings
from groundswell_server.models.predictor import Outputs
from groundswell_server.models.uncertainty.calibration import Calibration, calibrate

ALGORITHM: Final = "gradient boosting, calibrated by Platt's curve or isotonic regression"

PARAMETERS: Final[Parameters] = {
    "n_estimators": 100,
    "max_depth": 5,
    "learning_rate": 0.05,
    "min_samples_leaf": 10,
    "subsample": 0.5,
    "max_features": 0.5,
}
"""Small steps on random halves of rows and features prevent trees of depth 5 from overfitting a few hundred rows."""

GRID: Final[Mapping[str, Sequence[Any]]] = {"learning_rate": (0.02, 0.05, 0.1), "min_samples_leaf": (5, 10, 20)}


@dataclass(frozen=True, slots=True)
class Boosting:
    """Fits classifiers to encoded rows x (n, columns) and targets (n,), 0 or 1."""

    parameters: Parameters
    settings: TrainingSettings

    def fit(self, x: Array, targets: Array) -> Any:
        """Returns a fitted classifier; its raw scores are those of its `decision_function`."""
        from sklearn.ensemble import GradientBoostingClassifier

        model = GradientBoostingClassifier(
            n_estimators=self.parameters["n_estimators"],
            max_depth=self.parameters["max_depth"],
            learning_rate=self.parameters["learning_rate"],
            min_samples_leaf=self.parameters["min_samples_leaf"],
            subsample=self.parameters["subsample"],
            max_features=self.parameters["max_features"],
            random_state=self.settings.random_seed,
        )
        return model.fit(x, targets.astype(np.int64))

    def try_out(self, past: Array, targets: Array, future: Array) -> Array:
        """Returns probabilities (m,) for the rows `future` from a fit to the rows `past`, without calibration."""
        if targets.min() == targets.max():
            return np.full(len(future), float(targets.mean()))
        probabilities: Array = self.fit(past, targets).predict_proba(future)[:, 1]
        return probabilities

    def calibrate(self, x: Array, targets: Array, folds: Sequence[Fold]) -> Calibration:
        """Calibrates raw scores of the folds' futures by fits to their pasts, each of which has both kinds of target.

        Without a fold every example scores 0, and the calibration returns the share of positive targets.
        """
        if not folds:
            return calibrate(np.zeros(len(targets)), targets)
        scores = [self.fit(x[fold.past], targets[fold.past]).decision_function(x[fold.future]) for fold in folds]
        return calibrate(np.concatenate(scores), np.concatenate([targets[fold.future] for fold in folds]))


def with_both(folds: Sequence[Fold], targets: Array) -> list[Fold]:
    """Returns the folds whose past has both kinds of target."""
    return [fold for fold in folds if 0 < targets[fold.past].sum() < len(fold.past)]


def trees_of(model: Any) -> Outputs:
    """Returns the raw scores of scikit-learn's own trees as outputs."""
    return lambda rows: (model.decision_function(rows),)
