"""Grid search over the parameters of a model type."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundswell_server.models.model_type import Array, ModelType, Parameters, Progress, R, TrainingSettings

_FOLDS = 3
_FIRST = 0.4


@dataclass(frozen=True, slots=True)
class Trial:
    """A combination of parameters with its error."""

    parameters: Mapping[str, Any]
    error: float
    """The headline metric of the type over all folds."""


def search(
    model_type: ModelType[R],
    rows: R,
    targets: Array,
    parameters: Parameters,
    settings: TrainingSettings,
    progress: Progress,
) -> list[Trial]:
    """Tries all combinations of the type's grid by cross-validation, and returns them with the best first.

    The examples must not be used by a later test.
    """
    folds = list(model_type.folds(rows, _FOLDS, _FIRST))
    truth = np.concatenate([targets[fold.future] for fold in folds])
    combinations = [
        dict(zip(model_type.grid, values, strict=True)) for values in itertools.product(*model_type.grid.values())
    ]
    trials = []
    for number, combination in enumerate(combinations):
        progress(number / len(combinations), f"Trying parameters, {number + 1} of {len(combinations)}")
        chosen = {**parameters, **combination}
        points = [
            model_type.try_out(rows.take(fold.past), targets[fold.past], rows.take(fold.future), chosen, settings)
            for fold in folds
        ]
        measured = model_type.measure_points(truth, np.concatenate(points))
        trials.append(Trial(chosen, measured[model_type.headline_metric]))
    return sorted(trials, key=lambda trial: trial.error)
