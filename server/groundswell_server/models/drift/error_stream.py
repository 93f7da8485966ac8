"""The stream of a live version's errors: where it rose for good, if it did.

ADWIN (Bifet, Gavalda 2007, "Learning from time-changing data with adaptive windowing") is the trigger: it tells that
the mean has changed, some time before. The place is the one that divides the errors best; how sure the rise is, Welch's
test of both sides tells, corrected for the number of places where it could have been.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from river.base import DriftDetector
from river.drift.adwin import ADWIN

from groundswell_server.statistics.two_sample_tests import Array, Summary, welch_greater

_FEWEST = 5
"""Errors on either side of a change."""


@dataclass(frozen=True, slots=True)
class Rise:
    """The last change of the mean error, an upward one."""

    place: int
    """The first error after it, counted from 0."""
    before: float
    """Mean error before it, back to the change before that."""
    after: float
    """Mean error since."""
    p_value: float
    """Of so large a rise at the best of all places, were there none."""


def find_rise(errors: Array, baseline: Summary) -> Rise | None:
    """The last change of the mean of errors (n,) in time order, when it was a rise; None when nothing changed.

    `baseline` gives the scale: ADWIN expects numbers of the order of 1.
    """
    scale = baseline.sd or float(errors.std()) or 1.0
    adwin: DriftDetector = ADWIN()  # type: ignore[no-untyped-call]
    begin = cut = 0
    for place, error in enumerate(((errors - baseline.mean) / scale).tolist(), 1):
        adwin.update(error)
        if adwin.drift_detected and place - cut >= 2 * _FEWEST:
            begin, cut = cut, cut + _best_place(errors[cut:place])
    before, after = errors[begin:cut], errors[cut:]
    if min(len(before), len(after)) < _FEWEST or after.mean() <= before.mean():
        return None
    p_value = min(1.0, len(errors) * welch_greater(Summary.of(before), Summary.of(after)))
    return Rise(cut, float(np.mean(before)), float(np.mean(after)), p_value)


def _best_place(errors: Array) -> int:
    """Where to divide errors (n,) so that both parts vary least within, `_FEWEST` from either end at least."""
    n = len(errors)
    sizes = np.arange(_FEWEST, n - _FEWEST + 1)
    sums = np.cumsum(errors)[sizes - 1]
    between = (sums - sizes * errors.mean()) ** 2 / (sizes * (n - sizes))
    return int(sizes[np.argmax(between)])
