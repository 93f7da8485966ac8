"""What anybody could predict without a model: the mean of what came before, and the last value.

Both see every outcome known when a post was published, those after the model's training included: a model that beats
them does so against odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASELINES = "trailing_mean", "last_value"
"""Their names."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """Predictions without a model for n posts."""

    trailing_mean: NDArray[np.float64]
    """(n,) mean outcome of the persona's earlier posts, else of all."""
    last_value: NDArray[np.float64]
    """(n,) outcome of the persona's post whose outcome became known last, else of any."""


def baseline_predictions(
    outcomes: NDArray[np.float64],
    publish_time: NDArray[np.int64],
    known: NDArray[np.int64],
    personas: Sequence[str],
    rows: NDArray[np.intp],
) -> Baselines:
    """Baselines for the posts at `rows`, from all posts (n,): outcomes, times in one unit, personas.

    Uses for a post only outcomes known before it was published; NaN where there is none.
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
