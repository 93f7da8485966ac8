"""Feature importance of models of posts, and the calibration of predicted effects.

Both are measured on posts that the model had not seen, with the values of one feature at a time shuffled among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.encoder import Encoder
from groundswell_server.learning.features.post_features import CATEGORY, FEATURES, FeatureRows
from groundswell_server.models.evaluation.importance import (
    MAX_ROWS,
    REPEATS,
    FeatureImportance,
    Spread,
    mean_with_interval,
)

Array = NDArray[np.float64]

PRIOR_HOLD, PRIOR_SPREAD = 0.5, 0.5
"""Prior of the share of a predicted effect that is real, and its standard deviation."""
_NOISE = 1e-12


@dataclass(frozen=True, slots=True)
class Shuffling:
    """Predictions for unseen posts, unchanged and with one feature at a time taken from other posts."""

    rows: NDArray[np.intp]
    """(n,) positions of the posts."""
    predictions: Array
    """(n,) predictions for the unchanged posts."""
    shuffled: Mapping[str, Array]
    """Predictions by shuffled feature, (REPEATS, n)."""


def shuffle(
    rows: FeatureRows, features: Sequence[str], predict: Callable[[FeatureRows], Array], random_seed: int
) -> Shuffling:
    """Predicts up to `MAX_ROWS` of these posts, with each of `features` shuffled `REPEATS` times."""
    random = np.random.default_rng(random_seed)
    chosen = np.arange(len(rows))
    if len(rows) > MAX_ROWS:
        chosen = np.sort(random.choice(len(rows), MAX_ROWS, replace=False))
    rows = rows.take(chosen)
    answers = {}
    for name in features:
        copies = [_taken(rows, FEATURES.index(name), random.permutation(len(rows))) for _ in range(REPEATS)]
        values = np.concatenate([copy.values for copy in copies])
        categories = [category for copy in copies for category in copy.categories]
        answers[name] = predict(FeatureRows(values, categories)).reshape(REPEATS, len(rows))
    return Shuffling(chosen, predict(rows), answers)


def permutation(shuffling: Shuffling, errors: Callable[[Array], Array]) -> dict[str, Spread]:
    """Returns by feature the mean rise of the error when it is shuffled; 0 for features that the model does not read.

    `errors` gives the error (n,) of predictions (n,). Breiman 2001, "Random forests", section 10; the interval is that
    of the mean over posts, each averaged over repeats first.
    """
    base = errors(shuffling.predictions)
    spreads = {name: Spread(0.0, 0.0, 0.0) for name in FEATURES}
    for name, answers in shuffling.shuffled.items():
        rise = np.mean([errors(answer) for answer in answers], axis=0) - base
        rise[np.abs(rise) < _NOISE] = 0.0
        spreads[name] = mean_with_interval(rise)
    return spreads


def impurity(tree_importances: Sequence[Array], encoder: Encoder) -> dict[str, Spread]:
    """Returns impurity importance by feature, from that of the encoder's columns (columns,) in each tree.

    The columns of one feature (value, missing flag, categories) are added; the interval is that of the mean over trees.
    Trees without a split count as 0.
    """
    by_tree = np.array(tree_importances).reshape(len(tree_importances), len(encoder.columns))
    by_feature = np.zeros((len(FEATURES), len(by_tree)))
    np.add.at(by_feature, [column.feature for column in encoder.columns], by_tree.T)
    # Shares of the impurity that all trees remove, also when some trees remove none.
    shares = by_feature / (by_feature.sum() / by_feature.shape[1] or 1.0)
    found = {name: mean_with_interval(share) for name, share in zip(FEATURES, shares, strict=True)}
    return {name: Spread(one.value, max(one.lower, 0.0), min(one.upper, 1.0)) for name, one in found.items()}


def effect_calibration(shuffling: Shuffling, targets: Array) -> dict[str, tuple[float, float]]:
    """Returns by feature the share of the model's predicted effect that is real, and its standard error.

    The predicted effect of a feature on a post is the prediction less its mean over shuffled values. Outcomes, less the
    prediction from the other features, are regressed on it (calibration slope; Cox 1958, "Two further applications of a
    model for binary regression"), with heteroscedasticity-robust errors (White 1980). The slope is then combined with a
    cautious prior of 0.5 +- 0.5. `targets` (n,) and predictions must be on a scale with about equal error variance.
    """
    found = {}
    for name, answers in shuffling.shuffled.items():
        added = shuffling.predictions - answers.mean(axis=0)
        slope, error = _slope(added, targets - answers.mean(axis=0))
        trust = PRIOR_SPREAD**2 / (PRIOR_SPREAD**2 + error**2)
        found[name] = PRIOR_HOLD + trust * (slope - PRIOR_HOLD), PRIOR_SPREAD * (1.0 - trust) ** 0.5
    return found


def ranked_importance(
    by_impurity: Mapping[str, Spread], by_permutation: Mapping[str, Spread], sample_size: int
) -> tuple[FeatureImportance, ...]:
    """Returns the importance of all features, the largest permutation importance first."""
    found = [FeatureImportance(name, by_impurity[name], by_permutation[name], sample_size) for name in FEATURES]
    return tuple(sorted(found, key=lambda one: (-one.permutation.value, -one.impurity.value)))


def _taken(rows: FeatureRows, feature: int, order: NDArray[np.intp]) -> FeatureRows:
    """Returns the rows with one feature taken from other rows, in this order."""
    values, categories = rows.values.copy(), rows.categories
    values[:, feature] = values[order, feature]
    if feature == CATEGORY:
        categories = [categories[place] for place in order]
    return FeatureRows(values, categories)


def _slope(x: Array, y: Array) -> tuple[float, float]:
    """Returns the slope of the line through points (n,) with White's standard error (HC1); (0, 1e9) without points."""
    centered = x - x.mean()
    squares = float(np.sum(centered**2))
    if len(x) < 3 or squares < _NOISE * len(x):
        return 0.0, 1e9
    slope = float(np.sum(centered * y)) / squares
    residual = y - y.mean() - slope * centered
    variance = float(np.sum((centered * residual) ** 2)) * len(x) / (len(x) - 2)
    return slope, variance**0.5 / squares
