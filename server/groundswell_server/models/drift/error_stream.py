"""Finds the last lasting rise in the stream of a live version's errors.

ADWIN (Bifet, Gavalda 2007, "Learning from time-changing data with adaptive windowing") is the trigger: it detects a
change of the mean some time after it happened. The position of the change is the one that divides the errors best. The
p value is that of Welch's test between both sides, corrected for the number of possible positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from river.base import DriftDetector
from river.drift.adwin import ADWIN

from groundswell_server.statistics.two_sample_tests import Array, Summary, welch_greater

_MIN_ERRORS = 5
"""The minimum number of errors on either side of a change."""


@dataclass(frozen=True, slots=True)
class Rise:
    """The last change of the mean error, if it was a rise."""

    place: int
    """Position of the first error after it, counted from 0."""
    before: float
    """Mean error before it, back to the previous change."""
    after: float
    """Mean error since then."""
    p_value: float
    """Probability of so large a rise at the best of all positions if the mean never changed."""


def find_rise(errors: Array, baseline: Summary) -> Rise | None:
    """Returns the last change of the mean of errors (n,) in time order if it was a rise; None otherwise.

    `baseline` gives the scale, because ADWIN expects numbers of the order of 1.
    """
    scale = baseline.sd or float(errors.std()) or 1.0
    adwin: DriftDetector = ADWIN()  # type: ignore[no-untyped-call]
    begin = cut = 0
    for place, error in enumerate(((errors - baseline.mean) / scale).tolist(), 1):
        adwin.update(error)
        if adwin.drift_detected and place - cut >= 2 * _MIN_ERRORS:
            begin, cut = cut, cut + _best_place(errors[cut:place])
    before, after = errors[begin:cut], errors[cut:]
    if min(len(before), len(after)) < _MIN_ERRORS or after.mean() <= before.mean():
        return None
    p_value = min(1.0, len(errors) * welch_greater(Summary.of(before), Summary.of(after)))
    return Rise(cut, float(np.mean(before)), float(np.mean(after)), p_value)


def _best_place(errors: Array) -> int:
    """Returns the position that divides errors (n,) into the two parts with the least variance.

    Both parts have at least `_MIN_ERRORS` errors.
    """
    n = len(errors)
    sizes = np.arange(_MIN_ERRORS, n - _MIN_ERRORS + 1)
    sums = np.cumsum(errors)[sizes - 1]
    between = (sums - sizes * errors.mean()) ** 2 / (sizes * (n - sizes))
    return int(sizes[np.argmax(between)])
