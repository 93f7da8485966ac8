"""Metrics of predictions: pure functions over arrays of equal length (n,), n at least 1."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_BINS = 10


def defined(values: Mapping[str, float]) -> dict[str, float]:
    """Returns the metrics that are finite numbers."""
    return {name: value for name, value in values.items() if np.isfinite(value)}


def mean_absolute_error(outcomes: Array, predictions: Array) -> float:
    """Returns the mean absolute error, in the unit of the outcomes."""
    return float(np.mean(np.abs(outcomes - predictions)))


def r_squared(outcomes: Array, predictions: Array) -> float:
    """Returns the coefficient of determination; NaN where the outcomes never vary."""
    spread = float(np.sum((outcomes - outcomes.mean()) ** 2))
    return 1.0 - float(np.sum((outcomes - predictions) ** 2)) / spread if spread > 0 else math.nan


def mean_absolute_percentage_error(outcomes: Array, predictions: Array) -> float:
    """Returns the mean absolute percentage error over outcomes above zero; NaN when there is none."""
    positive = outcomes > 0
    if not positive.any():
        return math.nan
    return float(100.0 * np.mean(np.abs(outcomes - predictions)[positive] / outcomes[positive]))


def coverage(outcomes: Array, lower: Array, upper: Array) -> float:
    """Returns the share of outcomes within their interval, ends included, 0 to 1."""
    return float(np.mean((outcomes >= lower) & (outcomes <= upper)))


def brier_score(successes: Array, probabilities: Array) -> float:
    """Returns the mean squared difference of probability and outcome (0 or 1). Brier 1950."""
    return float(np.mean((probabilities - successes) ** 2))


def roc_auc(successes: Array, probabilities: Array) -> float:
    """Returns the probability that a success is ranked above a failure; NaN if one class is missing.

    Ties count half. Mann-Whitney's statistic over the number of pairs (Hanley, McNeil 1982).
    """
    positive = int(np.sum(successes > 0.5))
    negative = len(successes) - positive
    if positive == 0 or negative == 0:
        return math.nan
    _, place, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle_ranks = last - (counts - 1) / 2.0
    rank_sum = float(np.sum(middle_ranks[place][successes > 0.5]))
    return (rank_sum - positive * (positive + 1) / 2.0) / (positive * negative)


def calibration_error(successes: Array, probabilities: Array, bins: int = _BINS) -> float:
    """Returns the expected calibration error, over bins of equal size.

    That is the mean distance of probability and share of successes: Naeini, Cooper, Hauskrecht 2015, formula 2.
    """
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    gaps = [abs(float(np.mean(probabilities[part]) - np.mean(successes[part]))) * len(part) for part in parts]
    return sum(gaps) / len(order)
