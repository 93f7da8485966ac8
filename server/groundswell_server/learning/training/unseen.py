"""Scores of examples by models that had not seen them: what a calibration may learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from groundswell_server.learning.features.rows import Fold
from groundswell_server.learning.training.model_type import Array

Fit = Callable[[Array, Array], Any]
"""From encoded rows (n, columns) and targets (n,), 0 or 1, to a fitted classifier with a `decision_function`."""


def with_both(folds: Sequence[Fold], targets: Array) -> list[Fold]:
    """The folds of which something can be learnt: those whose past has both kinds of target."""
    return [fold for fold in folds if 0 < targets[fold.past].sum() < len(fold.past)]


def unseen_scores(fit: Fit, folds: Sequence[Fold], x: Array, targets: Array) -> tuple[Array, Array]:
    """Raw scores (m,) of the folds' futures by fits to their pasts, and the targets (m,) of these.

    Without a fold: 0 for every example, which a calibration turns into their share.
    """
    if not folds:
        return np.zeros(len(targets)), targets
    scores = [fit(x[fold.past], targets[fold.past]).decision_function(x[fold.future]) for fold in folds]
    return np.concatenate(scores), np.concatenate([targets[fold.future] for fold in folds])
