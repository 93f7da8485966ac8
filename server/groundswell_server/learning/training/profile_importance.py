"""What a model of accounts goes by, figure by figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from groundswell_server.learning.features.profile_features import PROFILE_FEATURES
from groundswell_server.learning.training.post_importance import (
    MOST_ROWS,
    REPEATS,
    FeatureImportance,
    Spread,
    mean_with_interval,
)

Array = NDArray[np.float64]


def profile_importance(
    rows: Array,
    errors: Callable[[Array], Array],
    columns: Sequence[str],
    tree_importances: Sequence[Array],
    random_seed: int,
) -> tuple[FeatureImportance, ...]:
    """All features, those first whose shuffling hurts most.

    `errors` gives the error (n,) of the model on the first n of the accounts (m, features), which it had not seen;
    `columns` the feature of
    each column of the trees, `tree_importances` (columns,) of each tree.
    """
    rows = rows[:MOST_ROWS]
    random, base = np.random.default_rng(random_seed), errors(rows)
    found = []
    for place, name in enumerate(PROFILE_FEATURES):
        # What the trees do not read changes nothing.
        repeats = REPEATS if name in columns else 0
        rises = [errors(_shuffled(rows, place, random)) - base for _ in range(repeats)]
        permutation = mean_with_interval(np.mean(rises, axis=0) if rises else np.zeros(1))
        found.append(FeatureImportance(name, _impurity(name, columns, tree_importances), permutation, len(rows)))
    return tuple(sorted(found, key=lambda one: (-one.permutation.value, -one.impurity.value)))


def _shuffled(rows: Array, place: int, random: np.random.Generator) -> Array:
    copy = rows.copy()
    copy[:, place] = random.permutation(copy[:, place])
    return copy


def _impurity(name: str, columns: Sequence[str], tree_importances: Sequence[Array]) -> Spread:
    own = [place for place, column in enumerate(columns) if column == name]
    spread = mean_with_interval(np.array([tree[own].sum() for tree in tree_importances]))
    return Spread(spread.value, max(spread.lower, 0.0), min(spread.upper, 1.0))
