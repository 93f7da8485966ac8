"""Baseline predictions without a model: the mean of the earlier outcomes, and the last one.

Both use every outcome known when a post was published, including those after the model's training, which favours the
baselines over the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASELINES = "trailing_mean", "last_value"
"""Names of the baselines."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """Predictions without a model for n posts."""

    trailing_mean: NDArray[np.float64]
    """(n,) mean outcome of the persona's earlier posts, or of all earlier posts if it has none."""
    last_value: NDArray[np.float64]
    """(n,) the last outcome of the persona that became known, or of all personas if it has none."""


def baseline_predictions(
    outcomes: NDArray[np.float64],
    publish_time: NDArray[np.int64],
    known: NDArray[np.int64],
    personas: Sequence[str],
    rows: NDArray[np.intp],
) -> Baselines:
    """Returns baselines for the posts at `rows`, from outcomes, times in one unit, and personas of all posts (n,).

    For each post only outcomes known before its publication are used; NaN where there is none.
    """
    everyone = _before(outcomes, publish_time, known, rows)
    mean, last = everyone.trailing_mean.copy(), everyone.last_value.copy()
    who = np.array(personas)
    for persona in np.unique(who[rows]):
        theirs = np.flatnonzero(who == persona)
        asked = np.flatnonzero(who[rows] == persona)
        own = _before(outcomes[theirs], publish_time[theirs], known[theirs], np.searchsorted(theirs, rows[asked]))
        seen = ~np.isnan(own.trailing_mean)
        mean[asked[seen]], last[asked[seen]] = own.trailing_mean[seen], own.last_value[seen]
    return Baselines(mean, last)


def _before(
    outcomes: NDArray[np.float64], publish_time: NDArray[np.int64], known: NDArray[np.int64], rows: NDArray[np.intp]
) -> Baselines:
    order = np.lexsort((publish_time, known))
    count = np.searchsorted(known[order], publish_time[rows])
    sums = np.concatenate(([0.0], np.cumsum(outcomes[order])))
    none = count == 0
    mean = np.where(none, np.nan, sums[count] / np.maximum(count, 1))
    last = np.where(none, np.nan, outcomes[order][np.maximum(count - 1, 0)])
    return Baselines(mean, last)
