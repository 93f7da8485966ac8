"""Model types of rates of posts: a forest for the rate, a second one for its error, and conformal intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.encoder import Encoder
from groundswell_server.learning.features.post_rows import PostRows
from groundswell_server.learning.predictors.rate_predictor import TARGET_SCALES, RatePredictor
from groundswell_server.learning.predictors.serving_card import common_card
from groundswell_server.learning.training.post_model_type import PostModelType
from groundswell_server.models.evaluation import metrics
from groundswell_server.models.example_arrays import forward_folds
from groundswell_server.models.model_type import (
    Array,
    EstimatorFactory,
    Learned,
    Metrics,
    Parameters,
    Progress,
    TrainingSettings,
)
from groundswell_server.models.predictions import Predictions
from groundswell_server.models.predictor import Outputs
from groundswell_server.models.uncertainty.conformal import calibrate

NEWEST_SHARE = 0.5
"""Share of the posts, the newest, whose errors are those of models fitted to earlier posts only."""
ENOUGH_NEWEST = 100
"""Number of such errors that suffices; fewer are completed with out-of-bag errors of the older posts."""
_SMALLEST_SCALE = 0.25
"""Lower bound of an expected error, as a share of the mean error."""
_MIN_PERSONAS = 5
_PERSONA_FOLDS = 3
_MIN_PERSONA_ROWS, _MAX_PERSONA_ROWS = 200, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RateModelType(PostModelType):
    """A type that predicts a rate of posts from their 18 features."""

    headline_metric = "mae"

    algorithm: str
    grow: EstimatorFactory
    """Makes a forest with `oob_score`."""
    parameters: Parameters
    grid: Mapping[str, Sequence[Any]]

    def learn(
        self, rows: PostRows, targets: Array, parameters: Parameters, settings: TrainingSettings, progress: Progress
    ) -> Learned:
        fitter = _Fitter(self.grow, parameters, settings)
        encoder = Encoder.fit(rows.features)
        x, z = encoder.encode(rows.features), fitter.scale.forward(targets)
        progress(0.0, "Growing the forest")
        fit = fitter.fit(x, z)
        progress(0.2, "Measuring errors on the newest posts")
        scores, first = _time_ordered_scores(fitter, fit, rows, x, z)
        progress(0.8, "Measuring errors on personas not seen")
        unseen = _unseen_persona_scores(fitter, rows, x, z)
        conformal = calibrate(scores, rows.personas[first:], unseen, rows.personas)
        card = {
            **common_card(self, rows, encoder),
            "kind": "rate",
            "target_scale": parameters["target_scale"],
            "scale_floor": fit.floor,
            "conformal": conformal.to_json(),
        }
        progress(1.0, "Fitted")
        trees = {"middle": fit.forest, "scale": fit.errors}
        return Learned(trees, len(encoder.columns), card, self.predictor(card, fit.trees))

    def try_out(
        self, past: PostRows, targets: Array, future: PostRows, parameters: Parameters, settings: TrainingSettings
    ) -> Array:
        encoder, scale = Encoder.fit(past.features), TARGET_SCALES[parameters["target_scale"]]
        forest = self.grow(parameters, settings.random_seed, settings.jobs)
        forest = grown(forest, encoder.encode(past.features), scale.forward(targets))
        middle: Array = forest.predict(encoder.encode(future.features))
        return scale.back(np.maximum(middle, 0.0))

    def errors(self, targets: Array, points: Array) -> Array:
        return np.abs(targets - points)

    def measure(self, targets: Array, predictions: Predictions) -> Metrics:
        lower, upper = predictions.lower, predictions.upper
        width = float(np.mean(upper - lower))
        return {
            **self.measure_points(targets, predictions.value),
            "coverage": metrics.coverage(targets, lower, upper),
            **({"mean_interval_width": width} if np.isfinite(width) else {}),
        }

    def measure_points(self, targets: Array, points: Array) -> Metrics:
        return metrics.defined(
            {
                "r2": metrics.r_squared(targets, points),
                "mae": metrics.mean_absolute_error(targets, points),
                "mape": metrics.mean_absolute_percentage_error(targets, points),
            }
        )

    def predictor(self, card: Mapping[str, Any], trees: Outputs) -> RatePredictor:
        return RatePredictor(card, trees)


def grown(forest: Any, x: Array, z: Array) -> Any:
    """Fits a forest to rows x (n, columns) and rates z (n,), and sets it to predict in one thread.

    Several threads would add the trees in any order, and the same posts would give models that differ in the last
    digit.
    """
    return forest.fit(x, z).set_params(n_jobs=1)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A forest for the rate and one for its expected error."""

    forest: Any
    errors: Any
    floor: float
    """The smallest expected error."""
    scores: Array
    """(n,) out-of-bag errors divided by their expectation."""

    def trees(self, x: NDArray[np.float32]) -> Sequence[NDArray[Any]]:
        return self.forest.predict(x), self.errors.predict(x)

    def scores_of(self, x: Array, z: Array) -> Array:
        """Returns the errors of rows outside the fit, divided by their expectation."""
        middle, scale = self.trees(x.astype(np.float32))
        scores: Array = np.abs(z - middle) / np.maximum(scale, self.floor)
        return scores


@dataclass(frozen=True, slots=True)
class _Fitter:
    """Fits forests to encoded rows x (n, columns) and rates z (n,) on the target scale."""

    grow: EstimatorFactory
    parameters: Parameters
    settings: TrainingSettings

    @property
    def scale(self) -> Any:
        return TARGET_SCALES[self.parameters["target_scale"]]

    def fit(self, x: Array, z: Array) -> _Fit:
        forest = grown(self.grow(self.parameters, self.settings.random_seed, self.settings.jobs), x, z)
        error = np.abs(z - forest.oob_prediction_)
        # Few shallow trees with large leaves estimate the expected error without fitting each single error.
        few = {**self.parameters, "n_estimators": 50, "max_depth": 3, "min_samples_leaf": 20, "max_features": 1.0}
        errors = grown(self.grow(few, self.settings.random_seed + 1, self.settings.jobs), x, error)
        floor = max(_SMALLEST_SCALE * float(error.mean()), 1e-9)
        return _Fit(forest, errors, floor, error / np.maximum(errors.oob_prediction_, floor))


def _time_ordered_scores(fitter: _Fitter, fit: _Fit, rows: PostRows, x: Array, z: Array) -> tuple[Array, int]:
    """Returns scores (m,) of the newest posts in time order, and the row of the first of them.

    The scores come from fits to the posts known before, as in service, and therefore include changes over time. Where
    they are few, out-of-bag errors of the older posts come before them. Large data sets use fewer fits.
    """
    scores = fit.scores.copy()
    parts = 2 if len(rows) <= 200 else 4 if len(rows) <= 2_000 else 2 if len(rows) <= 10_000 else 1
    share = NEWEST_SHARE if len(rows) <= 10_000 else NEWEST_SHARE / 2
    first = len(rows)
    for fold in forward_folds(rows, parts, 1.0 - share, fewest=20):
        before = fitter.fit(x[fold.past], z[fold.past])
        scores[fold.future] = before.scores_of(x[fold.future], z[fold.future])
        first = min(first, int(fold.future[0]))
    if len(rows) - first < ENOUGH_NEWEST:
        first = 0
    return scores[first:], first


def _unseen_persona_scores(fitter: _Fitter, rows: PostRows, x: Array, z: Array) -> Array:
    """Returns scores (m,) from fits without the post's own persona; none where there are too few personas or posts.

    Posts of one persona resemble each other, so errors on known personas underestimate those on a new one (Dunn,
    Wasserman, Ramdas 2022, "Distribution-free prediction sets for two-layer hierarchical models").
    """
    random = np.random.default_rng(fitter.settings.random_seed)
    chosen = random.permutation(len(rows))[:_MAX_PERSONA_ROWS]
    names, who = np.unique(np.array(rows.personas)[chosen], return_inverse=True)
    if len(names) < _MIN_PERSONAS or len(rows) < _MIN_PERSONA_ROWS:
        return np.empty(0)
    part, x, z = random.permutation(len(names))[who] % _PERSONA_FOLDS, x[chosen], z[chosen]
    scores = np.empty(len(chosen))
    for fold in range(_PERSONA_FOLDS):
        out = part == fold
        scores[out] = fitter.fit(x[~out], z[~out]).scores_of(x[out], z[out])
    return scores
